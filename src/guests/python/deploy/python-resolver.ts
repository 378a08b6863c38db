// Python factories in configuration files: finds them, and combines neighbouring Python layers into applications and middleware.
import { layersOf, placeOf, type Context } from "../../../deploy/context.ts";
import { ObjectBuilder } from "../../../deploy/create.ts";
import { DeployError } from "../../../deploy/errors.ts";
import type { GuestFactory, GuestLayer, GuestResolver, Missing } from "../../../deploy/guest-resolver.ts";
import type { IniFile } from "../../../deploy/ini.ts";
import { SECTION_PREFIXES, splitSectionName, type Protocol } from "../../../deploy/object-type.ts";
import { resolveFactory } from "../../../deploy/resolve-factory.ts";
import type { Configuration } from "../../../deploy/origin-values.ts";
import { FactoryFinder, type FoundFactory } from "./factory-finder.ts";
import {
  PythonParts,
  type PythonLayer,
  type PythonLayerKind,
  type PythonMount,
  type PythonPartDescription,
  type PythonPartsOptions,
} from "./python-parts.ts";
import { PythonStartError } from "../errors.ts";
import { secretHider } from "../../../secret-name.ts";
import { suggestion } from "../../../nearest-name.ts";
import type { Middleware, WSGIApplication } from "../../../wsgi/types.ts";

/** Options of {@link PythonResolver}: how to run the processes, and how to find factories. */
export interface PythonResolverOptions extends PythonPartsOptions {
  /** Import modules to find factories, so that a missing attribute is noticed before the application is loaded. @default false */
  readonly isImporting?: boolean;
}

const KINDS: Readonly<Partial<Record<Protocol, PythonLayerKind>>> = {
  "paste.app_factory": "app",
  "paste.composite_factory": "composite",
  "paste.composit_factory": "composite",
  "paste.filter_factory": "filter",
  "paste.filter_app_factory": "filter_app",
};
const URI = /^(?:config|egg|call):/i;
/** How tsgi_factories.py reports a factory that failed; the layer is an index. */
const FAILURE = /Factory "(.+?)" \(layer (\d+)(?:, key ("(?:[^"\\]|\\.)*"))?\) failed: ([^]*)/;
/** What Python prints between an error and the one that was raised because of it. */
const CONSEQUENCE = "\n\nThe above exception was the direct cause of the following exception:\n\n";

/** A Python factory of a configuration, with its arguments. */
interface BoundLayer extends Omit<GuestLayer, "loader"> {
  readonly mounts: Mounts;
}

/** Loads the parts of a composite. */
interface Mounts {
  readonly file: IniFile | null;
  /** @param isPassing - whether the global values of the composite are passed on */
  readonly resolve: (wanted: "application" | "filter", name: string, isPassing: boolean) => Context;
}

interface Handle {
  readonly module: string;
  readonly attribute: string;
  readonly directory: string;
}

/** Collects the parts of one application while it is described. */
interface Description {
  /** Our applications that Python will call, by name. */
  readonly inner: Map<string, WSGIApplication>;
  /** The enclosing sections, so that a composite that names itself does not recurse for ever. */
  readonly above: readonly string[];
}

/**
 * Python, for `loadApp` and the others. Nothing is started before a Python factory is needed; `start` starts what was loaded, and
 * reports what does not load, otherwise the first request does.
 *
 * @example
 * const python = new PythonResolver({ python: ".venv" });
 * const app = await loadApp("config:app.ini", { relativeTo: import.meta.dirname, guests: [python] });
 * await python.start();
 */
export class PythonResolver implements GuestResolver {
  readonly language = "Python";
  readonly #finder: FactoryFinder;
  readonly #parts: PythonParts;
  /** All described layers; Python refers to them by index. */
  readonly #layers: Pick<GuestLayer, "placeOf" | "globalConf" | "localConf">[] = [];
  /** Mounts that failed to load, by message: an error only if the composite asks for them. */
  readonly #mountErrors = new Map<string, DeployError>();

  constructor(options: PythonResolverOptions = {}) {
    const { isImporting = false, ...processes } = options;
    const { python, directory } = processes;
    this.#finder = new FactoryFinder({
      isImporting,
      ...(python === undefined ? {} : { python }),
      ...(directory === undefined ? {} : { directory }),
    });
    this.#parts = new PythonParts(processes);
  }

  async findCall(
    module: string,
    attribute: string | null,
    directory: string,
    isSure?: boolean,
  ): Promise<GuestFactory | null> {
    const search = this.#finder.findCall(module, attribute, directory, isSure === true ? true : undefined);
    const found = await asking(search, `module "${module}"`);
    if (found === null || (isSure === true && found.missing !== undefined)) return null;
    return factoryOf(found, null, directory);
  }

  async findEntryPoints(
    distribution: string,
    name: string,
    groups: readonly Protocol[],
    directory: string,
  ): Promise<readonly GuestFactory[] | null> {
    const search = this.#finder.findEntryPoints(distribution, name, groups, directory);
    const found = await asking(search, `distribution "${distribution}"`);
    return found?.map((entry) => factoryOf(entry, entry.protocol as Protocol, directory)) ?? null;
  }

  hasDistribution(distribution: string, directory: string): Promise<boolean> {
    return asking(this.#finder.hasDistribution(distribution, directory), `distribution "${distribution}"`);
  }

  candidates(missing: Missing, directory: string): Promise<readonly string[]> {
    return this.#finder.candidates(missing, directory);
  }

  async createApplication(layers: readonly GuestLayer[]): Promise<WSGIApplication> {
    const description: Description = { inner: new Map(), above: [] };
    const described = await this.#describeAll(layers.map(boundLayer), description);
    return description.inner.size === 0
      ? this.#parts.application(described)
      : this.#parts.outerApplication(described, description.inner);
  }

  async createMiddleware(layers: readonly GuestLayer[]): Promise<Middleware> {
    return this.#parts.middleware(await this.#describeAll(layers.map(boundLayer), { inner: new Map(), above: [] }));
  }

  /**
   * Starts the processes of all loaded applications.
   *
   * @throws DeployError with the place of the factory or of the key that it complains about and, as `detail`, Python's traceback
   */
  async start(): Promise<void> {
    this.#finder.close();
    try {
      await this.#parts.start();
    } catch (error) {
      if (!(error instanceof PythonStartError)) throw error;
      throw this.#explained(error);
    }
  }

  /** Adds the place in the configuration to an error that occurred while Python built the layers. */
  #explained(error: PythonStartError): DeployError {
    for (const [message, mountError] of this.#mountErrors) if (error.message.includes(message)) return mountError;
    const hide = secretHider(
      this.#layers.flatMap(({ globalConf, localConf }) => [
        ...Object.entries(globalConf),
        ...Object.entries(localConf),
      ]),
    );
    const options = { cause: error, detail: hide(tracebackOf(error)) };
    const [, location, index, key, reason = ""] = FAILURE.exec(error.message) ?? [];
    if (index === undefined) return new DeployError("ERR_TSGI_DEPLOY_FACTORY", hide(error.message), {}, options);
    const place = this.#layers[Number(index)]?.placeOf(key === undefined ? undefined : (JSON.parse(key) as string));
    return new DeployError("ERR_TSGI_DEPLOY_FACTORY", `Factory "${location}" failed: ${hide(reason)}`, place, options);
  }

  /** The loaded Python files, for a file watcher. */
  modules(): Promise<readonly string[]> {
    return this.#parts.modules();
  }

  /** The process that works on each request, by the request's id. */
  requestsInHand(): ReadonlyMap<string, number> {
    return this.#parts.requestsInHand();
  }

  /** Ends all processes. */
  async close(graceSeconds?: number): Promise<void> {
    this.#finder.close();
    await this.#parts.close(graceSeconds);
  }

  async #describeAll(layers: readonly BoundLayer[], description: Description): Promise<PythonLayer[]> {
    const described: PythonLayer[] = [];
    // In order: the parts of a composite are built on the way.
    for (const layer of layers) described.push(await this.#describe(layer, description));
    return described;
  }

  async #describe(layer: BoundLayer, description: Description): Promise<PythonLayer> {
    const { factory, protocol, globalConf, localConf, mounts } = layer;
    const { module, attribute, directory } = factory.handle as Handle;
    const kind = KINDS[protocol];
    if (kind === undefined) throw new TypeError(`A factory of ${protocol} makes no part of an application`);
    this.#parts.addPath(directory);
    const index = this.#layers.push(layer) - 1;
    const base = { kind, index, module, attribute, location: factory.location, globalConf, localConf };
    return kind === "composite" ? { ...base, ...(await this.#mounts(mounts, localConf, description)) } : base;
  }

  /** Everything that the values of a composite's section name; its factory decides what it loads. */
  async #mounts(
    { file, resolve }: Mounts,
    localConf: Configuration,
    description: Description,
  ): Promise<Pick<PythonLayer, "filename" | "apps" | "filters" | "sections">> {
    const apps = Object.create(null) as Record<string, PythonMount>;
    const filters = Object.create(null) as Record<string, PythonMount>;
    const describe = async (wanted: "application" | "filter", name: string): Promise<PythonMount> => ({
      passed: await this.#mount(() => resolve(wanted, name, true), description),
      bare: await this.#mount(() => resolve(wanted, name, false), description),
    });
    const sections = { apps: sectionNames(file, "application"), filters: sectionNames(file, "filter") };
    for (const word of new Set(Object.values(localConf).flatMap((value) => value.split(/[\s,]+/)))) {
      const isUri = URI.test(word);
      // In order, as above.
      if (isUri || sections.apps.has(word)) apps[word] = await describe("application", word);
      if (isUri || sections.filters.has(word)) filters[word] = await describe("filter", word);
    }
    return {
      filename: file?.path ?? null,
      apps,
      filters,
      sections: { apps: [...sections.apps], filters: [...sections.filters] },
    };
  }

  /** One mount. An error is reported to the factory when it asks for the mount, because not every name is used. */
  async #mount(resolve: () => Context, description: Description): Promise<PythonPartDescription> {
    try {
      const context = resolve();
      const identity = `${context.place.file ?? ""}[${context.section ?? ""}]`;
      const { inner, above } = description;
      if (above.includes(identity)) {
        const what = `[${context.section ?? ""}] is mounted in itself; expected a chain that ends`;
        throw new DeployError("ERR_TSGI_DEPLOY_CYCLE", what, context.place);
      }
      const layers = await this.#bind(context);
      if (layers !== null) return { layers: await this.#describeAll(layers, { inner, above: [...above, identity] }) };
      if (context.wanted === "filter") {
        const what = context.section === null ? "The filter" : `[${context.section}]`;
        const reason = `${what} is not written in Python, as filters that a Python composite loads must be`;
        throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", reason, context.place);
      }
      const name = String(inner.size);
      inner.set(name, await new ObjectBuilder([this]).application(context));
      return { inner: name };
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      this.#mountErrors.set(error.message, error);
      return { error: error.message };
    }
  }

  /** The layers of a context, if all of them are Python's; otherwise null. */
  async #bind(context: Context): Promise<readonly BoundLayer[] | null> {
    const layers: BoundLayer[] = [];
    for (const layer of layersOf(context)) {
      const found = await resolveFactory(layer, [this]);
      if (found.kind === "local") return null;
      const { factory, protocol } = found;
      const mounts: Mounts = {
        file: layer.loader.file,
        resolve: (wanted, name, isPassing) =>
          layer.loader.resolve(wanted, name, isPassing ? layer.globals : null, layer.place),
      };
      layers.push({
        factory,
        protocol,
        globalConf: layer.globals.toObject(),
        localConf: layer.locals.toObject(),
        placeOf: (key) => placeOf(layer, key),
        mounts,
      });
    }
    return layers;
  }
}

function boundLayer({ loader, ...layer }: GuestLayer): BoundLayer {
  const resolve: Mounts["resolve"] = (wanted, name, isPassing) => {
    const globals = isPassing ? layer.globalConf : null;
    return wanted === "application" ? loader.appContext(name, globals) : loader.filterContext(name, globals);
  };
  return { ...layer, mounts: { file: loader.file, resolve } };
}

function sectionNames(file: IniFile | null, wanted: "application" | "filter"): Set<string> {
  const prefixes = SECTION_PREFIXES[wanted].flat();
  const names = new Set<string>();
  for (const section of file?.sections.keys() ?? []) {
    const parts = splitSectionName(section);
    if (parts?.name !== undefined && parts.name !== null && prefixes.includes(parts.prefix))
      names.add(parts.name.trim());
  }
  return names;
}

/** @throws DeployError if Python fails to answer */
async function asking<T>(answer: Promise<T>, what: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof PythonStartError)) throw error;
    const problem = `Python fails to look into the ${what}: ${error.message}`;
    throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem, {}, { cause: error, detail: tracebackOf(error) });
  }
}

/** @throws DeployError if something was found that is not a factory */
function factoryOf(found: FoundFactory, protocol: Protocol | null, directory: string): GuestFactory {
  const { module, attribute, missing, names = [], type } = found;
  const location = attribute === null ? module : `${module}:${attribute}`;
  let problem: string | null = null;
  if (attribute === null) problem = `"${module}" names a Python module; expected module:factory`;
  else if (missing !== undefined) {
    problem = `Python module "${module}" has no attribute "${missing}"${suggestion(missing, [...names])}`;
  } else if (type !== undefined) problem = `"${location}" is a Python ${type}; expected a factory function`;
  if (problem !== null) throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem);
  return { protocol, location, handle: { module, attribute: attribute ?? "", directory } satisfies Handle };
}

/** Python's traceback of the error itself, without the errors raised because of it. */
function tracebackOf({ stack = "" }: PythonStartError): string {
  const trace = stack.replace(/^PythonStartError: .*\n/, "");
  const end = trace.lastIndexOf(CONSEQUENCE);
  return end !== -1 && trace.indexOf("FactoryFailed: ", end) !== -1 ? trace.slice(0, end) : trace;
}
