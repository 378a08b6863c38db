// Finds the factory that a reference names: next to the configuration file, then in node_modules, then in another language.
// Source: PasteDeploy's call: and egg: loaders and explicit protocols; the order is in docs/deploy-ini.md.
import type { FactoryContext, FactoryReference } from "./context.ts";
import { modulesBeside, packagesAround } from "./candidates.ts";
import { DeployError, placedError, type Place } from "./errors.ts";
import type { GuestFactory, GuestResolver, Missing } from "./guest-resolver.ts";
import { exportOf, findModule, importModule } from "./import-module.ts";
import { didYouMean, suggestion } from "../nearest-name.ts";
import { DEFAULT_PROTOCOL, PROTOCOLS, type ObjectType, type Protocol } from "./object-type.ts";
import {
  BUILTIN_PACKAGES,
  builtinFactory,
  builtinNames,
  findPackage,
  packageFactory,
  packageNames,
  counterpartOf,
  isBuiltinPackage,
  isStandIn,
  standInFactory,
  type BuiltinFactory,
  type Package,
} from "./package-factories.ts";

/** A factory of this process, ready to be called. */
export interface LocalFactory {
  readonly kind: "local";
  readonly protocol: Protocol;
  readonly location: string;
  readonly call: (...values: never[]) => unknown;
}

/** A factory of another language, with the resolver that can build with it. */
export interface ForeignFactory {
  readonly kind: "foreign";
  readonly protocol: Protocol;
  readonly location: string;
  readonly guest: GuestResolver;
  readonly factory: GuestFactory;
}

/** A factory that was found. */
export type ResolvedFactory = LocalFactory | ForeignFactory;

const EXTRAS = /\s*\[[^\]]*\]\s*$/;

/**
 * Finds the factory of a context.
 *
 * @param guests - other languages, in the order in which they are asked
 * @throws {DeployError} when it is nowhere, or is no function
 */
export async function resolveFactory(
  context: FactoryContext,
  guests: readonly GuestResolver[],
): Promise<ResolvedFactory> {
  const { reference, wanted } = context;
  if (reference.kind === "egg") return resolveEgg(reference, wanted, guests);
  const protocol = context.protocol ?? DEFAULT_PROTOCOL[wanted];
  const text = reference.kind === "explicit" ? reference.spec.replace(EXTRAS, "") : reference.spec;
  return resolveCall(text, reference.directory, protocol, reference.place, guests);
}

/**
 * Checks that a package is installed (`require =`), as an npm package or in another language.
 *
 * @throws {DeployError} when it is not
 */
export async function checkRequired(
  name: string,
  directory: string,
  place: Place,
  guests: readonly GuestResolver[],
): Promise<void> {
  if (findPackage(name, directory) !== null) return;
  for (const guest of guests) if (await asking(guest.hasDistribution(name, directory), place)) return;
  if (isStandIn(name)) return;
  const where = ["node_modules", ...guests.map(({ language }) => language)].join(" and in ");
  const missing: Missing = { kind: "distribution", name };
  const hint = didYouMean(name, await candidates(missing, packagesAround(directory), directory, guests));
  const what = `Package "${name}" is required, but not found in ${where}${hint}`;
  throw new DeployError("ERR_TSGI_DEPLOY_REQUIRE", what, place);
}

async function resolveCall(
  text: string,
  directory: string,
  protocol: Protocol,
  place: Place,
  guests: readonly GuestResolver[],
): Promise<ResolvedFactory> {
  const colon = text.lastIndexOf(":");
  const module = (colon === -1 ? text : text.slice(0, colon)).trim();
  const attribute = colon === -1 ? null : text.slice(colon + 1).trim();
  const path = findModule(module, directory);
  let problem = `Cannot find the module "${module}" next to the configuration file or in node_modules`;
  let hint: string | null = null;
  if (path !== null) {
    const exports = await importUserModule(path, place);
    const found = exportOf(exports, attribute);
    if (found !== undefined) return { kind: "local", protocol, location: text, call: callable(found, text, place) };
    const name = attribute ?? "default";
    problem = `Module "${path}" does not export "${name}"`;
    hint = suggestion(name, Object.keys(exports));
  }
  for (const guest of guests) {
    const factory = await asking(guest.findCall(module, attribute, directory, path !== null), place);
    if (factory !== null) return { kind: "foreign", protocol, location: factory.location, guest, factory };
  }
  const missing: Missing = { kind: "module", name: module };
  hint ??= didYouMean(module, await candidates(missing, modulesAround(module, directory), directory, guests));
  throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem + asked(guests) + hint, place);
}

async function resolveEgg(
  reference: Extract<FactoryReference, { kind: "egg" }>,
  wanted: ObjectType,
  guests: readonly GuestResolver[],
): Promise<ResolvedFactory> {
  const { distribution, name, directory, place } = reference;
  const protocols = PROTOCOLS[wanted].flat();
  const found = distribution === "" ? null : findPackage(distribution, directory);
  const own = found === null ? null : await fromPackage(found, name, wanted, place);
  if (own !== null) return own;
  const builtin = await builtinFactory(distribution, name, protocols);
  if (builtin !== null) return ownFactory(builtin, place);
  let isInstalled = found !== null;
  for (const guest of guests) {
    const entries = await asking(guest.findEntryPoints(distribution, name, protocols, directory), place);
    isInstalled ||= entries !== null;
    const matches = byFamily(wanted, (protocol) => entries?.find((entry) => entry.protocol === protocol) ?? null);
    const [match] = matches;
    if (match === undefined) continue;
    if (matches.length > 1) throw ambiguous(name, distribution, place);
    return { kind: "foreign", protocol: match[0], location: match[1].location, guest, factory: match[1] };
  }
  const standIn = await standInFactory(distribution, name, protocols);
  if (standIn !== null) return ownFactory(standIn, place);
  if (!isInstalled && !isBuiltinPackage(distribution)) {
    throw await missingPackage(distribution, directory, place, guests);
  }
  const names = [
    ...(found === null ? [] : packageNames(found, protocols)),
    ...(await builtinNames(distribution, protocols)),
  ];
  const missing: Missing = { kind: "entryPoint", distribution, name, groups: protocols };
  const counterpart = counterpartOf(distribution, name);
  const hint =
    counterpart === null
      ? suggestion(name, await candidates(missing, names, directory, guests))
      : `; TSGI's own, with keys of its own, is "egg:tsgi#${counterpart}"`;
  const problem = `Entry point "${name}" is not in package "${distribution}" (protocols: ${protocols.join(", ")})`;
  throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem + asked(guests) + hint, place);
}

function ownFactory({ protocol, factory, location }: BuiltinFactory, place: Place): LocalFactory {
  return { kind: "local", protocol, location, call: callable(factory, location, place) };
}

async function missingPackage(
  distribution: string,
  directory: string,
  place: Place,
  guests: readonly GuestResolver[],
): Promise<DeployError> {
  const missing: Missing = { kind: "distribution", name: distribution };
  const names = [...BUILTIN_PACKAGES, ...packagesAround(directory)];
  const hint = didYouMean(distribution, await candidates(missing, names, directory, guests));
  const problem = `Cannot find the package "${distribution}" in node_modules`;
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem + asked(guests) + hint, place);
}

/** What another language answers; a mistake that it finds gets its place. */
async function asking<T>(answer: Promise<T>, place: Place): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof DeployError && error.file === undefined ? placedError(error, place) : error;
  }
}

function modulesAround(module: string, directory: string): string[] {
  return [...modulesBeside(module, directory), ...packagesAround(directory)];
}

/** All names that could have been meant: of this side first, so that they win over equally near ones. */
async function candidates(
  missing: Missing,
  own: readonly string[],
  directory: string,
  guests: readonly GuestResolver[],
): Promise<string[]> {
  const others = await Promise.all(guests.map((guest) => guest.candidates(missing, directory)));
  return [...new Set([...own, ...others.flat()])];
}

async function fromPackage(
  found: Package,
  name: string,
  wanted: ObjectType,
  place: Place,
): Promise<ResolvedFactory | null> {
  const matches = byFamily(wanted, (protocol) => packageFactory(found, protocol, name));
  const [match] = matches;
  if (match === undefined) return null;
  if (matches.length > 1) throw ambiguous(name, found.manifest.name ?? found.root, place);
  return resolveCall(match[1], found.root, match[0], place, []);
}

/** The first protocol of each family for which something is found. */
function byFamily<T>(wanted: ObjectType, find: (protocol: Protocol) => T | null): [Protocol, T][] {
  return PROTOCOLS[wanted].flatMap((family) => {
    for (const protocol of family) {
      const found = find(protocol);
      if (found !== null) return [[protocol, found] as [Protocol, T]];
    }
    return [];
  });
}

async function importUserModule(path: string, place: Place): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await importModule(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = `Module "${path}" fails when it is imported: ${reason}`;
    throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, place, { cause: error });
  }
}

function callable(found: unknown, location: string, place: Place): LocalFactory["call"] {
  if (typeof found === "function") return found as LocalFactory["call"];
  const what = `"${location}" is ${found === null ? "null" : `of type ${typeof found}`}; expected a factory function`;
  throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, place);
}

function ambiguous(name: string, distribution: string, place: Place): DeployError {
  const what = `Several entry points "${name}" of package "${distribution}" fit; expected one`;
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, place);
}

function asked(guests: readonly GuestResolver[]): string {
  return guests.length === 0 ? "" : `; not found in ${guests.map(({ language }) => language).join(", ")} either`;
}
