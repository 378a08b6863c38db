// Loads applications, filters and servers out of configuration files. Source: PasteDeploy, "Basic Usage" (loadapp, loadfilter,
// loadserver, appconfig, loadcontext). A context tree is resolved first, without importing anything; then the objects are built.
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import type { Context } from "./context.ts";
import { ObjectBuilder } from "./create.ts";
import type { Server } from "./factories.ts";
import type { GuestResolver } from "./guest-resolver.ts";
import type { ObjectType } from "./object-type.ts";
import { resolveUri } from "./resolve-uri.ts";
import { LoadSession, type WarningListener } from "./load-session.ts";
import { OriginValues, type Configuration } from "./origin-values.ts";

/** Options of all functions that load. */
export interface LoadOptions {
  /** Name of the object; beats the fragment of the URI. @default "main" */
  readonly name?: string | null;
  /** Directory for a relative `config:` path and for modules of a bare `call:`; a path is never relative to the working directory. */
  readonly relativeTo?: string | null;
  /** Values that beat those of `[DEFAULT]` in every `globalConf`, and interpolate where `[DEFAULT]` has no such key. */
  readonly globalConf?: Configuration | null;
  /** Other languages in which factories are searched. @default none */
  readonly guests?: readonly GuestResolver[];
  /** Gets every warning. @default process.emitWarning */
  readonly onWarning?: WarningListener;
}

/** What a configuration says about one object. */
export interface ObjectConfig {
  /** Global and local values in one object; local ones win. */
  readonly values: Configuration;
  readonly globalConf: Configuration;
  readonly localConf: Configuration;
  readonly context: Context;
}

/**
 * Loads an application.
 *
 * @param uri - `config:/srv/app.ini#name`, `egg:package#name` or `call:module:factory`
 * @throws {DeployError} for a mistake in the configuration, with its place
 * @example
 * const app = await loadApp("config:app.ini", { relativeTo: import.meta.dirname });
 */
export async function loadApp(uri: string, options: LoadOptions = {}): Promise<WSGIApplication> {
  return new ObjectBuilder(options.guests ?? []).application(loadContext("application", uri, options));
}

/** Loads a filter: a function from application to application. Parameters and errors as {@link loadApp}. */
export async function loadFilter(uri: string, options: LoadOptions = {}): Promise<Middleware> {
  return new ObjectBuilder(options.guests ?? []).filter(loadContext("filter", uri, options));
}

/** Loads a server: a function that serves an application. Parameters and errors as {@link loadApp}. */
export async function loadServer(uri: string, options: LoadOptions = {}): Promise<Server> {
  return new ObjectBuilder(options.guests ?? []).server(loadContext("server", uri, options));
}

/**
 * Resolves a configuration to its context tree, without importing any factory.
 *
 * @throws {DeployError} for a mistake in the configuration, with its place
 */
export function loadContext(wanted: ObjectType, uri: string, options: LoadOptions = {}): Context {
  const session = new LoadSession(options.onWarning);
  const { name = null, relativeTo = null } = options;
  return resolveUri(session, wanted, uri, name, relativeTo, callerValues(options.globalConf), {});
}

/**
 * Reads the values that an application would receive: for a pipeline the global values, for an application within a filter the values of
 * the application.
 */
export function appConfig(uri: string, options: LoadOptions = {}): ObjectConfig {
  return objectConfig(loadContext("application", uri, options));
}

/** Reads the values of a `[server:…]` section: host, port and other settings, whatever its `use` names. */
export function serverConfig(uri: string, options: LoadOptions = {}): ObjectConfig {
  return objectConfig(loadContext("server", uri, options));
}

function objectConfig(context: Context): ObjectConfig {
  const globalConf = context.globals.toObject();
  const localConf = context.locals.toObject();
  return {
    values: Object.assign(new OriginValues().toObject(), globalConf, localConf),
    globalConf,
    localConf,
    context,
  };
}

/** The caller's values as settings; null when there are none. */
export function callerValues(values: Configuration | null | undefined): OriginValues | null {
  if (values === null || values === undefined || Object.keys(values).length === 0) return null;
  const settings = new OriginValues();
  for (const [key, value] of Object.entries(values)) settings.set(key, value, { kind: "caller", key });
  return settings;
}
