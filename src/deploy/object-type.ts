// The three kinds of object that a configuration describes, with the section prefixes and factory protocols of each.
// Source: PasteDeploy, "Factories" and "Config Format". The order of families and of aliases inside a family matters.

/** What is asked for: an application, a filter or a server. */
export type ObjectType = "application" | "filter" | "server";

/** How a factory is called; each name is also the entry-point group and the key of an explicit section. */
export type Protocol =
  | "paste.app_factory"
  | "paste.composite_factory"
  | "paste.composit_factory"
  | "paste.filter_factory"
  | "paste.filter_app_factory"
  | "paste.server_factory"
  | "paste.server_runner";

/** A list of families; inside a family the first alias that is there hides the others. */
export type Families<T extends string> = readonly (readonly T[])[];

/** Prefixes of section names, by family. */
export const SECTION_PREFIXES: Readonly<Record<ObjectType, Families<string>>> = {
  application: [["app", "application"], ["composite", "composit"], ["pipeline"], ["filter-app"]],
  filter: [["filter"]],
  server: [["server"]],
};

/** Factory protocols, by family. */
export const PROTOCOLS: Readonly<Record<ObjectType, Families<Protocol>>> = {
  application: [["paste.app_factory"], ["paste.composite_factory"], ["paste.composit_factory"]],
  filter: [["paste.filter_factory", "paste.filter_app_factory"]],
  server: [["paste.server_factory", "paste.server_runner"]],
};

/** The protocol of a `call:` factory that no section names: an app, a filter and a server factory. */
export const DEFAULT_PROTOCOL: Readonly<Record<ObjectType, Protocol>> = {
  application: "paste.app_factory",
  filter: "paste.filter_factory",
  server: "paste.server_factory",
};

/** The protocol of a `call:` factory used by a section with this prefix. */
export const PREFIX_PROTOCOL: Readonly<Record<string, Protocol>> = {
  app: "paste.app_factory",
  application: "paste.app_factory",
  composite: "paste.composite_factory",
  composit: "paste.composite_factory",
  filter: "paste.filter_factory",
  "filter-app": "paste.filter_factory",
  server: "paste.server_factory",
};

/** All prefixes that mean something, of whatever type. */
export const ALL_PREFIXES: readonly string[] = Object.values(SECTION_PREFIXES).flat(2);

const KNOWN_PREFIXES: ReadonlySet<string> = new Set(ALL_PREFIXES);

/**
 * Splits a section's name.
 *
 * @returns the prefix, and the name after the colon (stripped by the caller); null for a section without a known prefix
 */
export function splitSectionName(section: string): { prefix: string; name: string | null } | null {
  const colon = section.indexOf(":");
  const prefix = colon === -1 ? section : section.slice(0, colon);
  if (!KNOWN_PREFIXES.has(prefix)) return null;
  return { prefix, name: colon === -1 ? null : section.slice(colon + 1) };
}
