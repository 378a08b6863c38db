// Finds the factory that a reference names: next to the configuration file, then in node_modules, then in another language.
// Source: PasteDeploy's call: and egg: loaders and explicit protocols; the order is in docs/deploy-ini.md.
import type { FactoryContext, FactoryReference } from "./context.ts";
import { DeployError, placedError, type Place } from "./errors.ts";
import type { GuestFactory, GuestResolver } from "./guest-resolver.ts";
import { exportOf, findModule, importModule } from "./import-module.ts";
import {
  missingEntryPoint,
  missingExport,
  missingModule,
  missingPackage,
  missingRequirement,
} from "./missing-factory.ts";
import { DEFAULT_PROTOCOL, PROTOCOLS, type ObjectType, type Protocol } from "./object-type.ts";
import {
  builtinFactory,
  findPackage,
  isBuiltinPackage,
  isStandIn,
  packageFactory,
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
  /** It is one of TSGI's own, whose call has no effect but the object that it gives. */
  readonly isOwn: boolean;
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
  throw await missingRequirement(name, { directory, place, guests });
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
  const exports = path === null ? null : await importUserModule(path, place);
  const found = exports === null ? undefined : exportOf(exports, attribute);
  if (found !== undefined)
    return { kind: "local", protocol, location: text, call: callable(found, text, place), isOwn: false };
  for (const guest of guests) {
    const factory = await asking(guest.findCall(module, attribute, directory, path !== null), place);
    if (factory !== null) return { kind: "foreign", protocol, location: factory.location, guest, factory };
  }
  const search = { directory, place, guests };
  throw path === null || exports === null
    ? await missingModule(module, search)
    : missingExport(path, attribute ?? "default", Object.keys(exports), search);
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
  const search = { directory, place, guests };
  throw isInstalled || isBuiltinPackage(distribution)
    ? await missingEntryPoint(distribution, name, protocols, found, search)
    : await missingPackage(distribution, search);
}

function ownFactory({ protocol, factory, location }: BuiltinFactory, place: Place): LocalFactory {
  return { kind: "local", protocol, location, call: callable(factory, location, place), isOwn: true };
}

/** What another language answers; a mistake that it finds gets its place. */
async function asking<T>(answer: Promise<T>, place: Place): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof DeployError && error.file === undefined ? placedError(error, place) : error;
  }
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
  const what = `Several entry points "${name}" of package "${distribution}" match; expected one`;
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, place);
}
