// Routes as they are asked: the definitions of an application and of all blueprints in it, with the hooks around each.
import { CONVERTERS, type ConverterSource } from "./converters.ts";
import { FrameworkError } from "./errors.ts";
import { subdomainRule } from "./subdomain.ts";
import { Rule } from "./rule.ts";
import type {
  AfterHook,
  AnyHandler,
  BeforeHook,
  Registration,
  RouteDefinition,
  RouteOptions,
  ScaffoldParts,
  TeardownHook,
} from "./scaffold.ts";
import { type InputReader, inputReader } from "./validation.ts";

/** The application and the blueprints in which a route is, from outside to inside. */
export class Chain {
  readonly scaffolds: readonly ScaffoldParts[];
  /** Names of the blueprints, each with a dot behind it. */
  readonly namePrefix: string;
  /** In the order in which they run. */
  before: readonly BeforeHook[] = [];
  after: readonly AfterHook[] = [];
  teardown: readonly TeardownHook[] = [];
  /** Whether nothing runs around a handler. */
  isPlain = false;

  constructor(scaffolds: readonly ScaffoldParts[], namePrefix: string) {
    this.scaffolds = scaffolds;
    this.namePrefix = namePrefix;
  }

  /** Takes the hooks that there are by now. */
  collect(): void {
    this.before = this.scaffolds.flatMap((scaffold) => scaffold.beforeHooks);
    this.after = this.scaffolds.flatMap((scaffold) => scaffold.afterHooks).toReversed();
    this.teardown = this.scaffolds.flatMap((scaffold) => scaffold.teardownHooks).toReversed();
    this.isPlain = this.before.length === 0 && this.after.length === 0 && this.teardown.length === 0;
  }
}

/** A route. */
export interface CompiledRoute {
  readonly rule: Rule;
  /** With HEAD, where there is GET. */
  readonly methods: ReadonlySet<string>;
  /** Whether a slash at the end counts. */
  readonly isStrict: boolean;
  /** As the application knows it: with the names of its blueprints. */
  readonly name: string;
  readonly handler: AnyHandler;
  readonly options: RouteOptions;
  readonly place: Error;
  readonly chain: Chain;
  readonly input: InputReader | null;
  /** Rule of its subdomain, with a slash in front; null for any host. */
  readonly subdomain: Rule | null;
  /** Whether its handler is called with what the path gives, and what it returns is the response, as long as the chain is plain. */
  readonly isDirect: boolean;
}

/** Where a definition stands. */
interface Site {
  readonly chain: Chain;
  readonly prefix: string;
  readonly subdomain: Rule | null;
  readonly converters: ReadonlyMap<string, ConverterSource>;
}

/** Collects the routes of an application while they are defined. */
export class RouteCollection {
  readonly routes: CompiledRoute[] = [];
  readonly chains: Chain[] = [];
  readonly #site: Site;
  readonly #isStrict: boolean;
  readonly #taken = new Map<string, CompiledRoute>();

  /** @param isStrict - whether a slash at the end counts where a route does not say it */
  constructor(application: ScaffoldParts, isStrict: boolean) {
    this.#isStrict = isStrict;
    const converters = new Map([...CONVERTERS, ...application.converters]);
    this.#site = { chain: this.#chain([application], ""), prefix: "", subdomain: null, converters };
  }

  /** The hooks of the application alone, for a path without a route. */
  get ownChain(): Chain {
    return this.#site.chain;
  }

  /** @throws FrameworkError when the rule cannot be read, or another one matches the same paths for one of the methods */
  add(definition: RouteDefinition): void {
    this.#add(definition, this.#site);
  }

  /** @throws FrameworkError as {@link add}, or when a blueprint of the name is registered already */
  register(registration: Registration): void {
    this.#register(registration, this.#site);
  }

  #register({ blueprint, prefix, name, subdomain }: Registration, outer: Site): void {
    const namePrefix = `${outer.chain.namePrefix}${name}.`;
    if (this.chains.some((chain) => chain.namePrefix === namePrefix)) {
      throw new FrameworkError(
        `A blueprint "${namePrefix.slice(0, -1)}" is registered already; give this one another name`,
      );
    }
    blueprint.close();
    const converters = new Map([...outer.converters, ...blueprint.converters]);
    const site: Site = {
      chain: this.#chain([...outer.chain.scaffolds, blueprint], namePrefix),
      prefix: joined(outer.prefix, prefix),
      subdomain: subdomain === null ? outer.subdomain : subdomainRule(subdomain, converters),
      converters,
    };
    for (const definition of blueprint.definitions) this.#add(definition, site);
    for (const inner of blueprint.registrations) this.#register(inner, site);
  }

  #add({ rule: text, methods, options, handler, name, place }: RouteDefinition, site: Site): void {
    const { chain, subdomain } = site;
    const rule = new Rule(joined(site.prefix, text), site.converters);
    const names = rule.values.map((value) => value.name);
    const twice = subdomain?.values.find((value) => names.includes(value.name));
    if (twice !== undefined) {
      throw new FrameworkError(`Rule "${rule.text}" has a value "${twice.name}", which its subdomain has too`);
    }
    const input = inputReader(options, [...names, ...(subdomain?.values ?? []).map((value) => value.name)]);
    const route: CompiledRoute = {
      rule,
      methods: new Set(methods.includes("GET") ? [...methods, "HEAD"] : methods),
      name: chain.namePrefix + name,
      handler,
      options,
      place,
      isStrict: options.strictSlashes ?? this.#isStrict,
      chain,
      input,
      subdomain,
      isDirect: input === null && options.response === undefined,
    };
    for (const method of methods) {
      const key = `${subdomain?.key ?? ""} ${method} ${rule.key}`;
      const other = this.#taken.get(key);
      if (other !== undefined) {
        throw new FrameworkError(
          `Rule "${rule.text}" matches for ${method} what "${other.rule.text}" does; expected one of them`,
        );
      }
      this.#taken.set(key, route);
    }
    this.routes.push(route);
  }

  #chain(scaffolds: readonly ScaffoldParts[], namePrefix: string): Chain {
    const chain = new Chain(scaffolds, namePrefix);
    this.chains.push(chain);
    return chain;
  }
}

/** One slash between a prefix and what is below it. */
function joined(prefix: string, rule: string): string {
  if (prefix === "") return rule;
  return rule === "" ? prefix : `${prefix.replace(/\/+$/, "")}/${rule.replace(/^\/+/, "")}`;
}
