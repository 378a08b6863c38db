// What another language must offer so that its factories can stand in a configuration: find a factory, and build with it.
// The Python guest implements this; the deploy room knows no interpreter.
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import type { Place } from "./errors.ts";
import type { ObjectLoader } from "./factories.ts";
import type { Protocol } from "./object-type.ts";
import type { Configuration } from "./origin-values.ts";

/** A factory found in another language. */
export interface GuestFactory {
  /** The group of its entry point; null for a factory that was named by module and attribute. */
  readonly protocol: Protocol | null;
  /** Its location, for messages: `myapp.factories:app_factory`. */
  readonly location: string;
  /** What the resolver needs to call it. */
  readonly handle: unknown;
}

/** One layer of an application: a factory and its arguments. */
export interface GuestLayer {
  readonly factory: GuestFactory;
  readonly protocol: Protocol;
  readonly globalConf: Configuration;
  readonly localConf: Configuration;
  /** For composite factories: resolves names of other applications, in any language. */
  readonly loader: ObjectLoader;
  /**
   * The place of the layer in a file, for messages.
   *
   * @param key - of `localConf`; without it (or where no file has that key) the place that names the factory
   */
  placeOf(key?: string): Place;
}

/** What was looked for and not found. */
export type Missing =
  | { readonly kind: "module"; readonly name: string }
  | { readonly kind: "distribution"; readonly name: string }
  | {
      readonly kind: "entryPoint";
      readonly name: string;
      readonly distribution: string;
      readonly groups: readonly Protocol[];
    };

/** Another language. Methods that search return null if there is nothing of that name, and throw if it exists but is broken. */
export interface GuestResolver {
  /** For messages: `Python`. */
  readonly language: string;
  /**
   * Finds `call:module:attribute` (or an explicit entry point).
   *
   * @param attribute - may have dots; null for the module itself
   * @param directory - of the configuration file; searched first
   * @param isSure - give null for a module without that attribute, because the name is more likely that of another language
   */
  findCall(module: string, attribute: string | null, directory: string, isSure?: boolean): Promise<GuestFactory | null>;
  /**
   * Finds the entry points of a distribution that have this name.
   *
   * @param groups - only these
   * @returns null when the distribution is not installed; each factory with its protocol
   */
  findEntryPoints(
    distribution: string,
    name: string,
    groups: readonly Protocol[],
    directory: string,
  ): Promise<readonly GuestFactory[] | null>;
  /** Returns whether a distribution is installed (`require =`). */
  hasDistribution(distribution: string, directory: string): Promise<boolean>;
  /** Names that could have been meant, for the message about a missing name. */
  candidates(missing: Missing, directory: string): Promise<readonly string[]>;
  /**
   * Builds one application from neighbouring layers, so that they call each other without leaving the language.
   *
   * @param layers - outermost first; the last is the application, the others are filters
   */
  createApplication(layers: readonly GuestLayer[]): Promise<WSGIApplication>;
  /**
   * Builds one middleware from neighbouring filters. The application inside may be in any language.
   *
   * @param layers - outermost first
   */
  createMiddleware(layers: readonly GuestLayer[]): Promise<Middleware>;
}
