// Finds the factories of a package by egg:Package#name: the key "tsgi" of its package.json, or what TSGI itself brings.
// Source: PasteDeploy's entry points; the groups have plain names here, and each protocol has one.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { modulesBeside } from "./candidates.ts";
import { findModule } from "./import-module.ts";
import type { Protocol } from "./object-type.ts";

/** The groups under "tsgi" in a package.json: `{"tsgi": {"apps": {"main": "./dist/app.js:appFactory"}}}`. */
export const PACKAGE_GROUPS: Readonly<Record<Protocol, string>> = {
  "paste.app_factory": "apps",
  "paste.composite_factory": "composites",
  "paste.composit_factory": "composits",
  "paste.filter_factory": "filters",
  "paste.filter_app_factory": "filterApps",
  "paste.server_factory": "servers",
  "paste.server_runner": "serverRunners",
};

/** The names by which a module of TSGI exports its factories. */
const BUILTIN_EXPORTS: Readonly<Record<Protocol, string>> = {
  "paste.app_factory": "appFactory",
  "paste.composite_factory": "compositeFactory",
  "paste.composit_factory": "compositFactory",
  "paste.filter_factory": "filterFactory",
  "paste.filter_app_factory": "filterAppFactory",
  "paste.server_factory": "serverFactory",
  "paste.server_runner": "serverRunner",
};

/** Modules of TSGI by the names that a package has for them. */
type ModulesByName = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Names from Python's packages that TSGI always answers for, because they must hold applications of any language. */
const ALIASES: ModulesByName = {
  tsgi: { urlmap: "url-map" },
  paste: { urlmap: "url-map", cascade: "cascade" },
};

/** Names that TSGI answers for where the package is not installed in Python: its filters take the same keys. */
const STAND_INS: ModulesByName = {
  pastedeploy: { config: "paste-config", prefix: "paste-prefix" },
};

/** What TSGI has instead of factories of Python's Paste, with keys of its own; for messages. Source: the entry points of Paste 3.10. */
const COUNTERPARTS: ModulesByName = {
  paste: {
    auth_basic: "auth-basic",
    auth_digest: "auth-digest",
    cgitb: "show-exceptions",
    error_catcher: "show-exceptions",
    errordocument: "error-documents",
    evalerror: "show-exceptions",
    flup_session: "session-store",
    grantip: "ip-filter",
    gzip: "compress",
    lint: "validator-filter",
    paste_session: "session-store",
    profile: "profiler",
    static: "static",
    translogger: "access-log",
  },
};

/** The packages of which TSGI answers for some names, for messages. */
export const BUILTIN_PACKAGES: readonly string[] = ["tsgi", "Paste", "PasteDeploy"];

/** A factory of a guest. */
interface OwnGuest {
  /** Below `guests`; its index exports the factory. */
  readonly folder: string;
  /** Its name. */
  readonly factory: string;
  /** @default "paste.app_factory" */
  readonly protocol?: Protocol;
}

/** Guests that an INI file can name. */
const OWN_GUESTS: Readonly<Record<string, OwnGuest>> = {
  cgi: { folder: "cgi", factory: "appFactory" },
  "cgi-bin": { folder: "cgi", factory: "binAppFactory" },
  psgi: { folder: "perl", factory: "appFactory" },
  rack: { folder: "ruby", factory: "appFactory" },
  "rack-middleware": { folder: "ruby", factory: "filterFactory", protocol: "paste.filter_factory" },
  plack: { folder: "perl", factory: "filterFactory", protocol: "paste.filter_factory" },
  guest: { folder: "command", factory: "appFactory" },
  "guest-middleware": { folder: "command", factory: "filterFactory", protocol: "paste.filter_factory" },
  fastcgi: { folder: "fastcgi", factory: "appFactory" },
  proxy: { folder: "proxy", factory: "appFactory" },
  scgi: { folder: "scgi", factory: "appFactory" },
  uwsgi: { folder: "uwsgi", factory: "appFactory" },
  wsgi: { folder: "python", factory: "appFactory" },
};

const OWN_NAME = "tsgi";
const OWN_DIRECTORY = fileURLToPath(new URL("../middleware", import.meta.url));
const OWN_GUESTS_DIRECTORY = fileURLToPath(new URL("../guests", import.meta.url));

/** An installed package. */
export interface Package {
  readonly root: string;
  readonly manifest: {
    readonly name?: string;
    readonly tsgi?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
}

/**
 * Finds a package: the one that the directory belongs to, if it has this name, then node_modules of it and its parents.
 *
 * @param name - as in `egg:name`; tried in lower case too
 */
export function findPackage(name: string, directory: string): Package | null {
  const names = new Set([name, name.toLowerCase()]);
  for (let current = directory; ; current = dirname(current)) {
    const own = readPackage(current);
    if (own !== null && names.has(own.manifest.name ?? "")) return own;
    for (const candidate of names) {
      const found = readPackage(join(current, "node_modules", candidate));
      if (found !== null) return found;
    }
    if (current === dirname(current)) return null;
  }
}

/** Where a package keeps a factory: `module:attribute`, the module relative to the package's root; null if it has none. */
export function packageFactory(found: Package, protocol: Protocol, name: string): string | null {
  const group = found.manifest.tsgi?.[PACKAGE_GROUPS[protocol]];
  return group !== undefined && Object.hasOwn(group, name) ? (group[name] ?? null) : null;
}

/** All names in the groups of these protocols, for messages. */
export function packageNames(found: Package, protocols: readonly Protocol[]): string[] {
  return protocols.flatMap((protocol) => Object.keys(found.manifest.tsgi?.[PACKAGE_GROUPS[protocol]] ?? {}));
}

/** A factory that TSGI brings, imported. */
export interface BuiltinFactory {
  readonly protocol: Protocol;
  readonly factory: unknown;
  readonly location: string;
}

/**
 * Finds a factory among TSGI's own middleware and guests: `egg:tsgi#NAME` is the module of that name, and `egg:Paste#urlmap` and
 * `egg:Paste#cascade` are TSGI's.
 */
export async function builtinFactory(
  distribution: string,
  name: string,
  protocols: readonly Protocol[],
): Promise<BuiltinFactory | null> {
  const module = moduleOf(ALIASES, distribution, name) ?? (distribution === OWN_NAME ? name : null);
  return module === null ? null : ownFactory(module, protocols);
}

/** Finds what TSGI has in the place of a package that no other language has: `egg:PasteDeploy#prefix` and `egg:PasteDeploy#config`. */
export async function standInFactory(
  distribution: string,
  name: string,
  protocols: readonly Protocol[],
): Promise<BuiltinFactory | null> {
  const module = moduleOf(STAND_INS, distribution, name);
  return module === null ? null : ownFactory(module, protocols);
}

/** Tells whether TSGI stands in for a whole package, so that requiring it is no mistake. */
export function isStandIn(distribution: string): boolean {
  return Object.hasOwn(STAND_INS, plainName(distribution));
}

/** Tells whether TSGI answers for names of a package, whether or not it is installed. */
export function isBuiltinPackage(distribution: string): boolean {
  return BUILTIN_PACKAGES.some((each) => plainName(each) === plainName(distribution));
}

/** TSGI's own middleware for a factory of Python's Paste; null when there is none. */
export function counterpartOf(distribution: string, name: string): string | null {
  return moduleOf(COUNTERPARTS, distribution, name);
}

function moduleOf(table: ModulesByName, distribution: string, name: string): string | null {
  const names = table[plainName(distribution)];
  return names !== undefined && Object.hasOwn(names, name) ? (names[name] ?? null) : null;
}

/** As Python compares the names of distributions. Source: PEP 503, "Normalized Names". */
function plainName(distribution: string): string {
  return distribution.toLowerCase().replaceAll(/[-_.]/g, "");
}

async function ownFactory(module: string, protocols: readonly Protocol[]): Promise<BuiltinFactory | null> {
  if (!/^[a-z][a-z0-9-]*$/.test(module)) return null;
  if (Object.hasOwn(OWN_GUESTS, module)) return await guestFactory(module, protocols);
  const path = findModule(`./${module}`, OWN_DIRECTORY);
  if (path === null) return null;
  const exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  for (const protocol of protocols) {
    const factory = exports[BUILTIN_EXPORTS[protocol]];
    if (factory !== undefined) return { protocol, factory, location: `tsgi#${module}` };
  }
  return null;
}

async function guestFactory(name: string, protocols: readonly Protocol[]): Promise<BuiltinFactory | null> {
  const guest = OWN_GUESTS[name];
  const path = guest === undefined ? null : findModule(`./${guest.folder}/index`, OWN_GUESTS_DIRECTORY);
  const protocol = guest?.protocol ?? "paste.app_factory";
  if (guest === undefined || path === null || !protocols.includes(protocol)) return null;
  const exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  return { protocol, factory: exports[guest.factory], location: `tsgi#${name}` };
}

/** The names that TSGI answers for in a package, for messages. */
export async function builtinNames(distribution: string, protocols: readonly Protocol[]): Promise<string[]> {
  const tables = [ALIASES, STAND_INS].map((table) => Object.entries(table[plainName(distribution)] ?? {}));
  const modules =
    distribution === OWN_NAME
      ? [...modulesBeside("./", OWN_DIRECTORY).map((name) => name.slice(2)), ...Object.keys(OWN_GUESTS)]
      : [];
  const candidates = [...tables.flat(), ...modules.map((name) => [name, name] as const)];
  const found = await Promise.all(
    candidates.map(async ([name, module]) => ((await ownFactory(module, protocols)) === null ? [] : [name])),
  );
  return found.flat();
}

function readPackage(root: string): Package | null {
  try {
    return { root, manifest: JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Package["manifest"] };
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new SyntaxError(`${join(root, "package.json")}: ${error.message}`, { cause: error });
    return null;
  }
}
