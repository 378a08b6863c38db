// The tree that a configuration describes, before any factory is loaded: what is there, with which values, in which nesting.
// Source: PasteDeploy's contexts; here each kind of node is a type of its own.
import type { Place } from "./errors.ts";
import type { IniFile } from "./ini.ts";
import type { ObjectType, Protocol } from "./object-type.ts";
import type { OriginValues } from "./origin-values.ts";

/** A key or section that has no effect, or another effect than it seems. */
export interface DeployWarning extends Place {
  readonly message: string;
}

/** A package that must be installed, and the place that says so. */
export interface Requirement {
  readonly name: string;
  readonly place: Place;
}

/** The name of a factory, and the directory where the search starts. */
export type FactoryReference =
  | { readonly kind: "call"; readonly spec: string; readonly directory: string; readonly place: Place }
  | { readonly kind: "explicit"; readonly spec: string; readonly directory: string; readonly place: Place }
  | {
      readonly kind: "egg";
      readonly distribution: string;
      readonly name: string;
      readonly directory: string;
      readonly place: Place;
    };

/** Resolves a name or URI to a context: the loader of a file or of a package. */
export interface ContextLoader {
  /** Path of the configuration file; null for the loader of a package. */
  readonly filename: string | null;
  readonly file: IniFile | null;
  /**
   * @param name - of a section (or entry point), or a URI; null asks for `[app]` or `[app:main]`
   * @param globals - values that the caller hands down
   * @throws {DeployError} when the name leads nowhere
   */
  resolve(wanted: ObjectType, name: string | null, globals: OriginValues | null, place: Place): Context;
  /** Returns whether the file has a section of this type and name. */
  has(wanted: ObjectType, name: string): boolean;
}

interface ContextBase {
  /** What was asked for. */
  readonly wanted: ObjectType;
  /** Section that describes the object, as written in the header; null for a bare `call:` or `egg:`. */
  section: string | null;
  /** Sections that take this object over with `use`, the innermost first. */
  readonly users: string[];
  /** Where the section (or the reference) stands. */
  place: Place;
  readonly globals: OriginValues;
  readonly locals: OriginValues;
  /** Packages that must be installed. */
  readonly requires: Requirement[];
  /** The loader that a composite factory gets, and that resolves the names in this section. */
  loader: ContextLoader;
  /** What was found odd while this configuration was resolved; one list for the whole tree. */
  readonly warnings: readonly DeployWarning[];
}

/** An object made by a factory. */
export interface FactoryContext extends ContextBase {
  readonly kind: "factory";
  readonly reference: FactoryReference;
  /** How the factory is called; null while only the package knows (`egg:`) or no section has determined it (`call:`). */
  protocol: Protocol | null;
}

/** Filters around an application, the leftmost outermost. */
export interface PipelineContext extends ContextBase {
  readonly kind: "pipeline";
  readonly filters: readonly Context[];
  readonly app: Context;
}

/** A filter around the application named by `next`. */
export interface FilterAppContext extends ContextBase {
  readonly kind: "filter-app";
  readonly filter: Context;
  readonly next: Context;
}

/** The object of a section, wrapped in the filter that its `filter-with` names. */
export interface FilterWithContext extends ContextBase {
  readonly kind: "filter-with";
  readonly filter: Context;
  readonly next: Context;
}

/** A node of the tree. */
export type Context = FactoryContext | PipelineContext | FilterAppContext | FilterWithContext;

/**
 * Flattens a context into the factories that it is made of, outermost first.
 *
 * @returns for an application: filters, then the application; for a filter: filters only; for a server: itself
 */
export function layersOf(context: Context): FactoryContext[] {
  const layers: FactoryContext[] = [];
  collectLayers(context, layers);
  return layers;
}

function collectLayers(context: Context, layers: FactoryContext[]): void {
  if (context.kind === "factory") layers.push(context);
  else for (const part of childrenOf(context)) collectLayers(part, layers);
}

/**
 * Where an object of a factory stands in a file, for messages.
 *
 * @param key - of its local values; without it (or where it has no such key) the place that names the factory
 */
export function placeOf({ locals, reference }: FactoryContext, key?: string): Place {
  return (key === undefined ? undefined : locals.get(key)?.origin) ?? reference.place;
}

/** The contexts directly below a context, in the order in which a request reaches them. */
export function childrenOf(context: Context): readonly Context[] {
  switch (context.kind) {
    case "factory":
      return [];
    case "pipeline":
      return [...context.filters, context.app];
    case "filter-app":
    case "filter-with":
      return [context.filter, context.next];
  }
}
