// The errors about a factory that is nowhere: where it was looked for, and the nearest name that is there.
import { didYouMean, suggestion } from "../nearest-name.ts";
import { modulesBeside, packagesAround } from "./candidates.ts";
import { DeployError, type Place } from "./errors.ts";
import type { GuestResolver, Missing } from "./guest-resolver.ts";
import type { Protocol } from "./object-type.ts";
import { BUILTIN_PACKAGES, builtinNames, counterpartOf, packageNames, type Package } from "./package-factories.ts";

/** Where was looked, and for whom. */
export interface Search {
  /** Of the configuration file. */
  readonly directory: string;
  /** Of the key that names what is missing. */
  readonly place: Place;
  /** The other languages that were asked. */
  readonly guests: readonly GuestResolver[];
}

/** A package that `require` names is not installed. */
export async function missingRequirement(name: string, search: Search): Promise<DeployError> {
  const where = ["node_modules", ...search.guests.map(({ language }) => language)].join(" and in ");
  const hint = didYouMean(
    name,
    await candidates({ kind: "distribution", name }, packagesAround(search.directory), search),
  );
  const what = `Package "${name}" is required, but not found in ${where}${hint}`;
  return new DeployError("ERR_TSGI_DEPLOY_REQUIRE", what, search.place);
}

/** The module of `call:module:factory` is nowhere. */
export async function missingModule(module: string, search: Search): Promise<DeployError> {
  const own = [...modulesBeside(module, search.directory), ...packagesAround(search.directory)];
  const hint = didYouMean(module, await candidates({ kind: "module", name: module }, own, search));
  return missing(`Cannot find the module "${module}" next to the configuration file or in node_modules`, hint, search);
}

/**
 * The module is there, the export is not.
 *
 * @param names - that it exports
 */
export function missingExport(path: string, name: string, names: readonly string[], search: Search): DeployError {
  return missing(`Module "${path}" does not export "${name}"`, suggestion(name, names), search);
}

/** The package of `egg:package#name` is nowhere. */
export async function missingPackage(distribution: string, search: Search): Promise<DeployError> {
  const own = [...BUILTIN_PACKAGES, ...packagesAround(search.directory)];
  const hint = didYouMean(distribution, await candidates({ kind: "distribution", name: distribution }, own, search));
  return missing(`Cannot find the package "${distribution}" in node_modules`, hint, search);
}

/**
 * The package is there, or TSGI stands in for it, but it has no entry point of that name.
 *
 * @param protocols - the groups that would do
 * @param found - the package of node_modules, if it is one
 */
export async function missingEntryPoint(
  distribution: string,
  name: string,
  protocols: readonly Protocol[],
  found: Package | null,
  search: Search,
): Promise<DeployError> {
  const problem = `Entry point "${name}" is not in package "${distribution}" (protocols: ${protocols.join(", ")})`;
  const counterpart = counterpartOf(distribution, name);
  if (counterpart !== null) {
    return missing(problem, `; TSGI's own, with keys of its own, is "egg:tsgi#${counterpart}"`, search);
  }
  const names = found === null ? [] : packageNames(found, protocols);
  const own = [...names, ...(await builtinNames(distribution, protocols))];
  const wanted: Missing = { kind: "entryPoint", distribution, name, groups: protocols };
  return missing(problem, suggestion(name, await candidates(wanted, own, search)), search);
}

function missing(problem: string, hint: string, { place, guests }: Search): DeployError {
  const languages = guests.map(({ language }) => language).join(", ");
  const asked = languages === "" ? "" : `; not found in ${languages} either`;
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", problem + asked + hint, place);
}

/** All names that could have been meant: of this side first, so that they win over equally near ones. */
async function candidates(wanted: Missing, own: readonly string[], { directory, guests }: Search): Promise<string[]> {
  const others = await Promise.all(guests.map((guest) => guest.candidates(wanted, directory)));
  return [...new Set([...own, ...others.flat()])];
}
