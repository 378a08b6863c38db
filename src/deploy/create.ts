// Builds the objects that a context tree describes. An application is a list of layers, filters outside and the application
// inside; neighbouring layers of another language are built by that language in one piece.
import { dirname } from "node:path";
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import { type ClosingApplication, isClosing } from "./closing-application.ts";
import { layersOf, placeOf, type Context, type ContextLoader, type FactoryContext } from "./context.ts";
import { DeployError, type Place } from "./errors.ts";
import type {
  AppFactory,
  CompositeFactory,
  FilterAppFactory,
  FilterFactory,
  ObjectLoader,
  Server,
  ServerFactory,
  ServerRunner,
} from "./factories.ts";
import { asApplication, expectFunction, guarded, settle, type BoundLayer } from "./factory-call.ts";
import type { GuestLayer, GuestResolver } from "./guest-resolver.ts";
import type { ObjectType } from "./object-type.ts";
import { words } from "./python-text.ts";
import { checkRequired, resolveFactory, type LocalFactory, type ResolvedFactory } from "./resolve-factory.ts";
import { MAX_REFERENCES } from "./load-session.ts";
import { OriginValues, type Configuration } from "./origin-values.ts";

type Filter = (application: WSGIApplication) => WSGIApplication | Promise<WSGIApplication>;

/** Builds objects out of contexts; composites build more with the loader that they get. */
export class ObjectBuilder {
  readonly #guests: readonly GuestResolver[];
  readonly #depth: number;
  /** What has been made and is to be ended. */
  readonly #closing: Set<ClosingApplication>;
  /** A large file names the same few factories hundreds of times; each is searched once. */
  readonly #found: Map<string, ResolvedFactory>;

  /**
   * @param depth - how many composites are around
   * @param found - factories found already
   * @param closing - applications made already that are to be ended
   */
  constructor(
    guests: readonly GuestResolver[],
    depth = 0,
    found = new Map<string, ResolvedFactory>(),
    closing = new Set<ClosingApplication>(),
  ) {
    this.#guests = guests;
    this.#depth = depth;
    this.#found = found;
    this.#closing = closing;
  }

  /**
   * Ends what the applications that were built keep running.
   *
   * @param graceSeconds - how long requests may still take
   */
  async close(graceSeconds: number): Promise<void> {
    await Promise.allSettled([...this.#closing].map((application) => application.close(graceSeconds)));
  }

  /** The source files that these applications have loaded where they run, for a watcher. */
  async files(): Promise<readonly string[]> {
    const found = await Promise.all([...this.#closing].map(async (application) => (await application.files?.()) ?? []));
    return found.flat();
  }

  /**
   * Builds an application with all that is around it.
   *
   * @throws {DeployError} when a factory is not found, or fails
   */
  async application(context: Context): Promise<WSGIApplication> {
    const layers = await this.#bind(context);
    const group = trailingGuest(layers);
    const inner = layers.at(-1) as BoundLayer; // Every context ends in a factory.
    const guest = guestOf(inner);
    const core =
      guest === null
        ? await this.#localApplication(inner)
        : await guest.createApplication(group.map((layer) => this.#guestLayer(layer)));
    const filters = await this.#filters(layers.slice(0, layers.length - (guest === null ? 1 : group.length)));
    let application = core;
    for (const filter of filters.toReversed()) {
      const filtered = filter(application);
      application = this.#kept(filtered instanceof Promise ? await filtered : filtered);
    }
    return application;
  }

  /**
   * Builds a filter; one of several layers is one function.
   *
   * @throws {DeployError} when a factory is not found, or fails
   */
  async filter(context: Context): Promise<Middleware> {
    const filters = (await this.#filters(await this.#bind(context))).toReversed();
    return (application) => {
      let filtered: WSGIApplication | Promise<WSGIApplication> = application;
      for (const filter of filters) {
        const made: WSGIApplication | Promise<WSGIApplication> =
          filtered instanceof Promise ? filtered.then(filter) : filter(filtered);
        filtered = made instanceof Promise ? made.then((wrapped) => this.#kept(wrapped)) : this.#kept(made);
      }
      return filtered instanceof Promise ? whenReady(filtered) : filtered;
    };
  }

  /**
   * Builds a server: a function that serves an application.
   *
   * @throws {DeployError} when the factory is not found, or fails
   */
  async server(context: Context): Promise<Server> {
    const [layer] = (await this.#bind(context)) as [BoundLayer]; // Nothing wraps a server.
    if (layer.factory.kind === "foreign") {
      const what = "A server of another language cannot serve TSGI applications; expected a server of TSGI";
      throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, placeOf(layer.context));
    }
    const { factory } = layer;
    const [globalConf, localConf] = configurations(layer.context);
    if (factory.protocol === "paste.server_runner") {
      return (application) => (factory.call as ServerRunner)(application, globalConf, localConf);
    }
    const server = await guarded(layer, () => (factory.call as ServerFactory)(globalConf, localConf));
    return expectFunction(server, layer, "a server: a function of an application");
  }

  /**
   * Finds all factories of a context. Those of an application are not called; TSGI's own filters are, which read their options and do
   * nothing else.
   *
   * @throws {DeployError} when one is not found, or an option of one of TSGI's filters is wrong
   */
  async check(context: Context): Promise<void> {
    for (const layer of await this.#bind(context)) {
      const { factory } = layer;
      if (factory.kind === "local" && factory.isOwn && factory.protocol === "paste.filter_factory")
        await localFilter(layer);
    }
  }

  async #bind(context: Context): Promise<BoundLayer[]> {
    const layers: BoundLayer[] = [];
    if (context.requires.length > 0) await this.#checkRequired(context);
    for (const layer of layersOf(context)) {
      if (layer !== context && layer.requires.length > 0) await this.#checkRequired(layer);
      layers.push({ context: layer, factory: this.#found.get(identityOf(layer)) ?? (await this.#find(layer)) });
    }
    return layers;
  }

  async #find(context: FactoryContext): Promise<ResolvedFactory> {
    const factory = await resolveFactory(context, this.#guests);
    this.#found.set(identityOf(context), factory);
    return factory;
  }

  async #checkRequired(context: Context): Promise<void> {
    const directory = context.place.file === undefined ? process.cwd() : dirname(context.place.file);
    for (const { name, place } of context.requires) await checkRequired(name, directory, place, this.#guests);
  }

  /** One filter for each local layer and each run of layers of one guest, outermost first. */
  async #filters(layers: readonly BoundLayer[]): Promise<Filter[]> {
    const filters: Filter[] = [];
    for (let index = 0; index < layers.length;) {
      const layer = layers[index] as BoundLayer;
      const guest = guestOf(layer);
      if (guest === null) {
        const filter = localFilter(layer);
        filters.push(filter instanceof Promise ? await filter : filter);
        index += 1;
        continue;
      }
      const end = layers.findIndex((other, at) => at > index && guestOf(other) !== guest);
      const run = layers.slice(index, end === -1 ? layers.length : end);
      filters.push(await guest.createMiddleware(run.map((member) => this.#guestLayer(member))));
      index += run.length;
    }
    return filters;
  }

  #localApplication(layer: BoundLayer): WSGIApplication | Promise<WSGIApplication> {
    const factory = layer.factory as LocalFactory;
    const [globalConf, localConf] = configurations(layer.context);
    const made = guarded(layer, () =>
      factory.protocol === "paste.app_factory"
        ? (factory.call as AppFactory)(globalConf, localConf)
        : (factory.call as CompositeFactory)(this.#loader(layer.context), globalConf, localConf),
    );
    return settle(made, (application) => this.#kept(asApplication(application, layer)));
  }

  /** Remembers what is to be ended. */
  #kept(application: WSGIApplication): WSGIApplication {
    if (isClosing(application)) this.#closing.add(application);
    return application;
  }

  #guestLayer({ context, factory }: BoundLayer): GuestLayer {
    if (factory.kind !== "foreign") throw new TypeError("A local layer is not for a guest");
    const [globalConf, localConf] = configurations(context);
    return {
      factory: factory.factory,
      protocol: factory.protocol,
      globalConf,
      localConf,
      loader: this.#loader(context),
      placeOf: (key) => placeOf(context, key),
    };
  }

  #loader(context: FactoryContext): ObjectLoader {
    if (this.#depth >= MAX_REFERENCES) {
      const what = `Composites load each other in a circle: [${context.section ?? ""}]; expected a chain that ends`;
      throw new DeployError("ERR_TSGI_DEPLOY_CYCLE", what, context.place);
    }
    return objectLoader(
      context.loader,
      context,
      new ObjectBuilder(this.#guests, this.#depth + 1, this.#found, this.#closing),
    );
  }
}

/** The loader for a composite factory: names from its file, values that keep their origin. */
function objectLoader(loader: ContextLoader, context: FactoryContext, builder: ObjectBuilder): ObjectLoader {
  let places: ReadonlyMap<string, Place> | null = null;
  const resolve = (
    wanted: ObjectType,
    name: string | null = null,
    globalConf: Configuration | null = null,
  ): Context => {
    places ??= placesOfNames(context);
    const place = places.get(name ?? "") ?? placeOf(context);
    return loader.resolve(wanted, name, globalConf === null ? null : keepOrigins(globalConf, context), place);
  };
  return {
    filename: loader.filename,
    file: loader.file,
    getApp: async (name, globalConf) => builder.application(resolve("application", name, globalConf)),
    getFilter: async (name, globalConf) => builder.filter(resolve("filter", name, globalConf)),
    getServer: async (name, globalConf) => builder.server(resolve("server", name, globalConf)),
    appContext: (name, globalConf) => resolve("application", name, globalConf),
    filterContext: (name, globalConf) => resolve("filter", name, globalConf),
    serverContext: (name, globalConf) => resolve("server", name, globalConf),
  };
}

/** The keys of a composite by the names in their values, which its factory probably asks for. */
function placesOfNames({ locals }: FactoryContext): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const [, { value, origin }] of locals) {
    for (const word of words(value)) if (!places.has(word)) places.set(word, origin);
  }
  return places;
}

function keepOrigins(values: Configuration, context: FactoryContext): OriginValues {
  const settings = new OriginValues();
  for (const key of Object.keys(values)) {
    const value = values[key] ?? "";
    const known = context.globals.get(key);
    if (known?.value === value) settings.put(key, known);
    else settings.set(key, value, { ...context.place, kind: "caller", key });
  }
  return settings;
}

function localFilter(layer: BoundLayer): Filter | Promise<Filter> {
  const factory = layer.factory as LocalFactory;
  const [globalConf, localConf] = configurations(layer.context);
  if (factory.protocol === "paste.filter_app_factory") {
    return (inner) =>
      settle(
        guarded(layer, () => (factory.call as FilterAppFactory)(inner, globalConf, localConf)),
        (made) => asApplication(made, layer),
      );
  }
  const made = guarded(layer, () => (factory.call as FilterFactory)(globalConf, localConf));
  return settle(made, (value): Filter => {
    const filter = expectFunction(value, layer, "a filter: a function from application to application");
    return (inner) =>
      settle(
        guarded(layer, () => filter(inner) as unknown),
        (result) => asApplication(result, layer),
      );
  });
}

/** A filter that was asynchronous, for those who expect an application at once. */
function whenReady(pending: Promise<WSGIApplication>): WSGIApplication {
  return async function applicationWhenReady(environ, startResponse) {
    const application = await pending;
    return application(environ, startResponse);
  };
}

function identityOf({ reference, wanted, protocol }: FactoryContext): string {
  const spec = reference.kind === "egg" ? `${reference.distribution}#${reference.name}` : reference.spec;
  return [reference.kind, spec, reference.directory, wanted, protocol].join("\0");
}

function trailingGuest(layers: readonly BoundLayer[]): readonly BoundLayer[] {
  const guest = guestOf(layers.at(-1) as BoundLayer); // Every context ends in a factory.
  return layers.slice(layers.findLastIndex((layer) => guestOf(layer) !== guest) + 1);
}

function guestOf({ factory }: BoundLayer): GuestResolver | null {
  return factory.kind === "foreign" ? factory.guest : null;
}

function configurations(context: FactoryContext): [globalConf: Configuration, localConf: Configuration] {
  return [context.globals.toObject(), context.locals.toObject()];
}
