// How factories are called, one type for each protocol. Source: PasteDeploy, "Factories"; local values come as one object
// instead of keyword arguments, and every factory may be asynchronous.
import type { Middleware, WSGIApplication, WSGIApplicationLike } from "../wsgi/types.ts";
import type { Context } from "./context.ts";
import type { IniFile } from "./ini.ts";
import type { Configuration } from "./origin-values.ts";

type Awaitable<T> = T | Promise<T>;

/** Serves an application, for as long as it likes. */
export type Server = (application: WSGIApplication) => unknown;

/** `paste.app_factory`. A function that it returns may have a method `close`, which is called when the worker ends. */
export type AppFactory = (globalConf: Configuration, localConf: Configuration) => Awaitable<WSGIApplicationLike>;

/** `paste.composite_factory`: an application that loads others by name. It must pass `globalConf` on itself. */
export type CompositeFactory = (
  loader: ObjectLoader,
  globalConf: Configuration,
  localConf: Configuration,
) => Awaitable<WSGIApplicationLike>;

/** `paste.filter_factory`. */
export type FilterFactory = (globalConf: Configuration, localConf: Configuration) => Awaitable<Middleware>;

/** `paste.filter_app_factory`: called once for each application that it filters. */
export type FilterAppFactory = (
  application: WSGIApplication,
  globalConf: Configuration,
  localConf: Configuration,
) => Awaitable<WSGIApplicationLike>;

/** `paste.server_factory`. */
export type ServerFactory = (globalConf: Configuration, localConf: Configuration) => Awaitable<Server>;

/** `paste.server_runner`: serves at once. */
export type ServerRunner = (
  application: WSGIApplication,
  globalConf: Configuration,
  localConf: Configuration,
) => unknown;

/**
 * What a composite factory gets. A name is that of a section in the same file (or of an entry point in the same package), or a
 * URI; without a name `[app]` or `[app:main]` is meant.
 */
export interface ObjectLoader {
  /** Path of the configuration file; null in a package. */
  readonly filename: string | null;
  /** The parsed file; null in a package. */
  readonly file: IniFile | null;
  getApp(name?: string | null, globalConf?: Configuration | null): Promise<WSGIApplication>;
  getFilter(name?: string | null, globalConf?: Configuration | null): Promise<Middleware>;
  getServer(name?: string | null, globalConf?: Configuration | null): Promise<Server>;
  appContext(name?: string | null, globalConf?: Configuration | null): Context;
  filterContext(name?: string | null, globalConf?: Configuration | null): Context;
  serverContext(name?: string | null, globalConf?: Configuration | null): Context;
}

/** What a composite needs of it to mount applications. */
export type AppLoader = Pick<ObjectLoader, "getApp">;
