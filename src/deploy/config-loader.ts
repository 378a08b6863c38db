// Resolves sections of one configuration file to contexts, following names and URIs into other sections, files and packages.
// Source: PasteDeploy; the order of steps decides which value wins, so it is kept exactly (docs/deploy-ini.md lists the differences).
import { dirname } from "node:path";
import type { Context, ContextLoader, FactoryContext, Requirement } from "./context.ts";
import { DeployError, type Place } from "./errors.ts";
import type { IniEntry, IniFile, IniSection } from "./ini.ts";
import { interpolate, type InterpolationScope, type RawValue } from "./interpolation.ts";
import { didYouMean, nearestName, suggestion } from "../nearest-name.ts";
import { PREFIX_PROTOCOL, PROTOCOLS, type ObjectType, type Protocol } from "./object-type.ts";
import { strip, words } from "./python-text.ts";
import { article, type SectionIndex } from "./section-index.ts";
import type { LoadSession } from "./load-session.ts";
import { OriginValues, type Origin, type OriginValue } from "./origin-values.ts";
import { isAbsoluteName } from "./uri.ts";

/** Follows a URI; given from outside, since that may open a file with a loader of its own. */
export type UriResolver = (
  wanted: ObjectType,
  uri: string,
  relativeTo: string,
  globals: OriginValues | null,
  place: Place,
) => Context;

/** A default of the parser: what `%(name)s` finds when the section has no such key. */
interface ParserDefault extends RawValue {
  readonly origin: Origin;
}

/** What one section says, after reading its keys. */
interface Reading {
  readonly wanted: ObjectType;
  readonly section: IniSection;
  readonly place: Place;
  readonly globals: OriginValues;
  readonly locals: OriginValues;
  /** What `set` wrote: it beats the globals of a section that is used. */
  readonly additions: OriginValues;
  readonly requires: Requirement[];
}

/** The keys of a section alone, independent of the caller and of global values. */
interface Keys {
  readonly place: Place;
  readonly locals: OriginValues;
  /** What `set` writes. */
  readonly additions: OriginValues;
  /** The `get` keys: they take a global value over when that is known. */
  readonly gets: readonly { readonly name: string; readonly global: string; readonly origin: Origin }[];
}

/** Keys that direct the loader; in [DEFAULT] they do nothing. */
const DIRECTIVES = new Set<string>([
  "use",
  "filter-with",
  "next",
  "pipeline",
  "require",
  ...Object.values(PROTOCOLS).flat(2),
]);

/** The additions of a section without `set`: most have none. */
const NOTHING = new OriginValues();

/** The loader of one configuration file. */
export class ConfigLoader implements ContextLoader {
  readonly file: IniFile;
  readonly #session: LoadSession;
  readonly #index: SectionIndex;
  readonly #resolveUri: UriResolver;
  readonly #defaults = new Map<string, ParserDefault>();
  /** The `set` and `get` keys among the defaults. */
  readonly #defaultDirectives: readonly [key: string, raw: ParserDefault][];
  #interpolatedDefaults: OriginValues | null = null;
  /** Of each section that was read: a filter may stand in hundreds of pipelines. */
  readonly #keys = new Map<IniSection, Keys>();

  /**
   * @param globals - of the caller: names for interpolation where the file has no default of that name
   */
  constructor(session: LoadSession, file: IniFile, globals: OriginValues | null, resolveUri: UriResolver) {
    this.#session = session;
    this.file = file;
    this.#index = session.index(file);
    this.#resolveUri = resolveUri;
    const builtin: Origin = { kind: "builtin", file: file.path };
    this.#defaults.set("here", { text: dirname(file.path), isLiteral: true, origin: { ...builtin, key: "here" } });
    this.#defaults.set("__file__", { text: file.path, isLiteral: true, origin: { ...builtin, key: "__file__" } });
    for (const [key, entry] of file.defaults.entries) {
      this.#defaults.set(key, {
        text: entry.value,
        isLiteral: false,
        origin: this.#origin("default", "DEFAULT", entry),
      });
    }
    for (const [key, { value, origin }] of globals ?? []) {
      if (!this.#defaults.has(key)) this.#defaults.set(key, { text: value, isLiteral: true, origin });
    }
    this.#defaultDirectives = [...this.#defaults].filter(([key]) => isDirective(key));
  }

  get filename(): string {
    return this.file.path;
  }

  /** The sections of the file, for those who explain or draw it. */
  get index(): SectionIndex {
    return this.#index;
  }

  resolve(wanted: ObjectType, name: string | null, globals: OriginValues | null, place: Place): Context {
    if (isAbsoluteName(name)) {
      return this.#session.follow(name, place, () =>
        this.#resolveUri(wanted, name, dirname(this.file.path), globals, place),
      );
    }
    const section = this.#index.find(wanted, name, place);
    return this.#session.follow(`[${section.name}]`, place, () => this.#resolveSection(wanted, section, globals));
  }

  has(wanted: ObjectType, name: string): boolean {
    return this.#index.candidates(wanted, name).length > 0;
  }

  #resolveSection(wanted: ObjectType, section: IniSection, callerGlobals: OriginValues | null): Context {
    const reading = this.#read(wanted, section, callerGlobals);
    const filterWith = wanted === "server" ? undefined : reading.locals.take("filter-with");
    if (wanted === "server") this.#warnFilteredServer(reading);
    const required = reading.locals.take("require");
    if (required !== undefined) {
      for (const name of words(required.value)) reading.requires.push({ name, place: required.origin });
    }
    const context = this.#dispatch(reading);
    if (filterWith === undefined) return context;
    const filter = this.resolve("filter", filterWith.value, reading.globals, filterWith.origin);
    return { ...this.#base(reading), kind: "filter-with", filter, next: context };
  }

  /** Puts together what a section says: globals, then `set`, local keys, and `get`. */
  #read(wanted: ObjectType, section: IniSection, callerGlobals: OriginValues | null): Reading {
    const keys = this.#keys.get(section) ?? this.#readKeys(section);
    const globals = new OriginValues(this.defaults());
    if (callerGlobals !== null) globals.update(callerGlobals);
    globals.update(keys.additions);
    const locals = new OriginValues(keys.locals);
    for (const { name, global, origin } of keys.gets) {
      const found = globals.get(global);
      if (found === undefined) throw missingGlobal(global, globals, origin);
      locals.put(name, { value: found.value, origin: { ...origin, kind: "get" }, replaced: found });
    }
    return { wanted, section, place: keys.place, globals, locals, additions: keys.additions, requires: [] };
  }

  /** Reads the keys of a section in the order of the file, then the `set` and `get` keys of [DEFAULT] that it does not have itself. */
  #readKeys(section: IniSection): Keys {
    const defaults = this.defaults();
    const scope = this.#scope(section);
    const locals = new OriginValues();
    let additions = NOTHING;
    const gets: { name: string; global: string; origin: Origin }[] = [];
    const add = (key: string, value: string, origin: Origin): void => {
      if (key.startsWith("set ")) {
        if (additions === NOTHING) additions = new OriginValues();
        additions.set(strip(key.slice(4)), value, { ...origin, kind: "set" });
      } else if (key.startsWith("get ")) gets.push({ name: strip(key.slice(4)), global: value, origin });
      else locals.set(key, value, origin);
    };
    for (const [key, entry] of section.entries) {
      const origin = this.#origin("key", section.name, entry);
      if (defaults.has(key) && !isDirective(key)) this.#warnIgnored(section, key, origin);
      else add(key, interpolate(entry.value, scope, origin), origin);
    }
    for (const [key, { text, isLiteral, origin }] of this.#defaultDirectives) {
      if (!section.entries.has(key)) add(key, isLiteral ? text : interpolate(text, scope, origin), origin);
    }
    const place = { file: this.file.path, line: section.line, section: section.name };
    const keys = { place, locals, additions, gets };
    this.#keys.set(section, keys);
    return keys;
  }

  /** The defaults with their values interpolated, which start every `globalConf`. */
  defaults(): OriginValues {
    if (this.#interpolatedDefaults !== null) return this.#interpolatedDefaults;
    const settings = new OriginValues();
    const scope = this.#scope(null);
    for (const [key, raw] of this.#defaults) {
      settings.set(key, raw.isLiteral ? raw.text : interpolate(raw.text, scope, raw.origin), raw.origin);
      if (raw.origin.kind === "default" && DIRECTIVES.has(key)) {
        this.#session.warn(
          `Key "${key}" has no effect in [DEFAULT]; expected it in the section that it is about`,
          raw.origin,
        );
      }
    }
    this.#interpolatedDefaults = settings;
    return settings;
  }

  #dispatch(reading: Reading): Context {
    if (reading.section.name.startsWith("filter-app:")) return this.#filterApp(reading);
    if (reading.section.name.startsWith("pipeline:")) return this.#pipeline(reading);
    return this.#object(reading, reading.wanted);
  }

  #object(reading: Reading, wanted: ObjectType): Context {
    const use = reading.locals.take("use");
    return use === undefined ? this.#explicit(reading, wanted) : this.#used(reading, wanted, use);
  }

  #filterApp(reading: Reading): Context {
    const next = reading.locals.take("next");
    if (next === undefined) throw missingKey(reading, "next", `the name of the application that it filters`);
    const base = this.#base(reading);
    const app = this.resolve("application", next.value, reading.globals, next.origin);
    return { ...base, kind: "filter-app", next: app, filter: this.#object(reading, "filter") };
  }

  #pipeline(reading: Reading): Context {
    const pipeline = reading.locals.take("pipeline");
    if (pipeline === undefined) throw missingKey(reading, "pipeline", `the names of filters and, last, an application`);
    const [extra] = reading.locals;
    if (extra !== undefined) {
      const list = [...reading.locals.keys()].map((key) => `"${key}"`).join(", ");
      const what = `A pipeline has extra (disallowed) settings: ${list}; expected "pipeline", "filter-with", "require" and "set …" only${didYouMean(extra[0], ["filter-with", "require"])}`;
      throw new DeployError("ERR_TSGI_DEPLOY_KEY_EXTRA", what, extra[1].origin);
    }
    const names = words(pipeline.value);
    const last = names.pop();
    if (last === undefined) {
      const what = `The pipeline is empty; expected the names of filters and, last, an application`;
      throw new DeployError("ERR_TSGI_DEPLOY_PIPELINE_EMPTY", what, pipeline.origin);
    }
    const app = this.resolve("application", last, reading.globals, pipeline.origin);
    const filters = names.map((name) => this.resolve("filter", name, reading.globals, pipeline.origin));
    return { ...this.#base(reading), kind: "pipeline", filters, app };
  }

  /** `use`: the object of another section, file or package, with the own values over its. */
  #used(reading: Reading, wanted: ObjectType, use: OriginValue): Context {
    const context = this.resolve(wanted, use.value, reading.globals, use.origin);
    this.#warnLost(context, reading);
    context.globals.update(reading.additions);
    context.locals.update(reading.locals);
    const file = reading.globals.get("__file__");
    if (file !== undefined) context.globals.put("__file__", file);
    context.loader = this;
    context.requires.push(...reading.requires);
    if (context.section === null) Object.assign(context, { section: reading.section.name, place: reading.place });
    else context.users.push(reading.section.name);
    if (context.kind === "factory" && context.reference.kind === "call" && context.protocol === null) {
      const prefix = reading.section.name.split(":", 1)[0] ?? "";
      context.protocol = PREFIX_PROTOCOL[prefix] ?? null;
    }
    return context;
  }

  /** A key that names the protocol, with an entry point as its value. */
  #explicit(reading: Reading, wanted: ObjectType): FactoryContext {
    const found: Protocol[] = PROTOCOLS[wanted].flatMap(
      (family) => family.find((key) => reading.locals.has(key)) ?? [],
    );
    const [protocol] = found;
    const setting = protocol === undefined ? undefined : reading.locals.get(protocol);
    if (protocol === undefined || setting === undefined) throw noFactory(reading, wanted, this.#defaults.has("use"));
    if (found.length > 1) {
      const what = `Several factories are given: ${found.map((key) => `"${key}"`).join(", ")}; expected one`;
      throw new DeployError("ERR_TSGI_DEPLOY_MULTIPLE_PROTOCOLS", what, setting.origin);
    }
    reading.locals.take(protocol);
    const directory = dirname(this.file.path);
    const reference = { kind: "explicit" as const, spec: setting.value, directory, place: setting.origin };
    return { ...this.#base(reading), wanted, kind: "factory", protocol, reference };
  }

  #base(reading: Reading) {
    return {
      wanted: reading.wanted,
      section: reading.section.name,
      users: [],
      place: reading.place,
      globals: reading.globals,
      locals: reading.locals,
      requires: reading.requires,
      loader: this as ContextLoader,
      warnings: this.#session.warnings,
    };
  }

  #scope(section: IniSection | null): InterpolationScope {
    return {
      lookup: (name) => {
        const entry = section?.entries.get(name);
        return entry === undefined ? this.#defaults.get(name) : { text: entry.value, isLiteral: false };
      },
      names: () => [...(section?.entries.keys() ?? []), ...this.#defaults.keys()].filter((key) => !DIRECTIVES.has(key)),
    };
  }

  #origin(kind: Origin["kind"], section: string, entry: IniEntry): Origin {
    return { kind, file: this.file.path, line: entry.line, column: entry.column, section, key: entry.key };
  }

  #warnIgnored(section: IniSection, key: string, origin: Origin): void {
    const by = this.#defaults.get(key)?.origin;
    const holder =
      by?.kind === "default" ? "[DEFAULT] has" : by?.kind === "builtin" ? "every file has" : "the caller gave";
    const what = `Key "${key}" of [${section.name}] is ignored: ${holder} a global value of that name; write "set ${key} = …", or rename one of them`;
    this.#session.warn(what, origin);
  }

  #warnFilteredServer({ section, locals }: Reading): void {
    const setting = locals.get("filter-with");
    if (setting === undefined) return;
    const what = `Key "filter-with" filters nothing in [${section.name}]: it is handed to the server as any key`;
    this.#session.warn(what, setting.origin);
  }

  /** Values that land on a pipeline or on what only wraps the object reach no factory. */
  #warnLost(used: Context, reading: Reading): void {
    if (used.kind === "factory") return;
    const inner = used.kind === "pipeline" ? null : used.kind === "filter-app" ? used.filter : used.next;
    const target = `[${used.section ?? ""}]`;
    for (const [key, { origin }] of inner?.locals === used.locals ? [] : reading.locals) {
      this.#session.warn(
        `Key "${key}" of [${reading.section.name}] reaches no factory: ${target} is ${descriptionOf(used)}`,
        origin,
      );
    }
    for (const [key, { origin }] of inner?.globals === used.globals ? [] : reading.additions) {
      const again = "its parts have got their values already";
      this.#session.warn(
        `Key "set ${key}" of [${reading.section.name}] has no effect: ${target} is ${descriptionOf(used)}, ${again}`,
        origin,
      );
    }
  }
}

/** Whether a key is `set name` or `get name`. */
function isDirective(key: string): boolean {
  return key.startsWith("set ") || key.startsWith("get ");
}

function descriptionOf(context: Context): string {
  return context.kind === "pipeline" ? "a pipeline" : `an object within a filter ("${context.kind}")`;
}

function missingGlobal(name: string, globals: OriginValues, origin: Origin): DeployError {
  const sentence = `No global value "${name}" for "${origin.key ?? ""}"${suggestion(name, [...globals.keys()])}`;
  return new DeployError("ERR_TSGI_DEPLOY_GLOBAL_MISSING", sentence, origin);
}

function missingKey(reading: Reading, key: string, expected: string): DeployError {
  const { hint, place } = misspeltKey(reading, [key]);
  const sentence = `The section is missing a "${key}" setting; expected ${expected}${hint}`;
  return new DeployError("ERR_TSGI_DEPLOY_KEY_MISSING", sentence, place);
}

function noFactory(reading: Reading, wanted: ObjectType, isInDefault: boolean): DeployError {
  const hint = isInDefault ? `; "use" in [DEFAULT] applies to no section` : "";
  const keys = PROTOCOLS[wanted].flat().filter((key) => key !== "paste.composit_factory");
  const misspelt = misspeltKey(reading, ["use", ...keys]);
  const own = wanted === "server" ? `; TSGI's own server is "use = egg:tsgi"` : "";
  const sentence = `No factory is given for ${article(wanted)}; expected "use" or one of ${keys.map((key) => `"${key}"`).join(", ")}${hint || misspelt.hint || own}`;
  return new DeployError("ERR_TSGI_DEPLOY_NO_FACTORY", sentence, misspelt.place);
}

/** The key that was probably meant to be one of these (`use egg:x` lacks its `=`), else the section. */
function misspeltKey({ locals, place }: Reading, wanted: readonly string[]): { hint: string; place: Place } {
  for (const [key, { origin }] of locals) {
    const nearest = nearestName(key, wanted) ?? wanted.find((word) => key.startsWith(`${word} `));
    if (nearest !== undefined) return { hint: `; did you mean "${nearest}" by "${key}"`, place: origin };
  }
  return { hint: "", place };
}
