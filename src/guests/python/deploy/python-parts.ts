// The Python parts of one configuration. Pure Python applications share the processes of one guest. Filters around an application of
// ours, and composites of both languages, get their own processes: a lane that waits for an inner application must not be the one that
// this application needs.
import { ContractViolation } from "../../../wsgi/errors.ts";
import type { Middleware, WSGIApplication } from "../../../wsgi/types.ts";
import type { PythonOptions } from "../options.ts";
import { pythonApplication, type PythonGuest } from "../python-application.ts";
import { pythonMiddleware, type PythonMiddleware } from "../python-middleware.ts";
import { helperPath } from "./helper-path.ts";

/** Environ key that tells the Python side which of its applications to call; tsgi_factories.py uses the same names. */
const PART = "tsgi.deploy.part";
/** Environ key that tells this side which application a Python composite calls. */
const INNER = "tsgi.deploy.inner";

/** The ways to call a factory. */
export type PythonLayerKind = "app" | "composite" | "filter" | "filter_app";

/** A factory and its arguments. */
export interface PythonLayer {
  readonly kind: PythonLayerKind;
  /** Identifies the layer in messages; several layers may have the same factory. */
  readonly index: number;
  readonly module: string;
  readonly attribute: string;
  /** For messages. */
  readonly location: string;
  readonly globalConf: Readonly<Record<string, string>>;
  readonly localConf: Readonly<Record<string, string>>;
  /** For composites: the file, and what it may load, by name. */
  readonly filename?: string | null;
  readonly apps?: Readonly<Record<string, PythonMount>>;
  readonly filters?: Readonly<Record<string, PythonMount>>;
  /** For composites: the names of all sections of the file, for messages. */
  readonly sections?: { readonly apps: readonly string[]; readonly filters: readonly string[] };
}

/** What a composite may load under a name: with the global values it passes on, and without. */
export interface PythonMount {
  readonly passed: PythonPartDescription;
  readonly bare: PythonPartDescription;
}

/** A part: Python layers, outermost first; the name of an application of ours; or the reason why there is none. */
export type PythonPartDescription =
  | { readonly layers: readonly PythonLayer[] }
  | { readonly inner: string }
  | { readonly error: string };

/** How to run the processes. */
export type PythonPartsOptions = Omit<PythonOptions, "target" | "filters">;

/** Collects parts and starts the processes for them. */
export class PythonParts {
  readonly #options: PythonPartsOptions;
  readonly #pythonPath = new Set<string>();
  readonly #middlewares: PythonMiddleware[] = [];
  readonly #guests: Promise<PythonGuest>[] = [];
  readonly #started: PythonGuest[] = [];
  #batch: Batch | null = null;

  /** @param options - of all processes */
  constructor(options: PythonPartsOptions) {
    this.#options = options;
  }

  /** Adds a directory to the search path of processes that have not been started yet. */
  addPath(directory: string): void {
    this.#pythonPath.add(directory);
  }

  /** A pure Python application. Its process starts with `start`, or with the first request. */
  application(layers: readonly PythonLayer[]): WSGIApplication {
    const batch = (this.#batch ??= new Batch((parts) => this.#startBatch(parts)));
    return batch.add(layers);
  }

  /**
   * A Python application that calls applications of ours.
   *
   * @param inner - by the names that the description uses
   */
  outerApplication(layers: readonly PythonLayer[], inner: ReadonlyMap<string, WSGIApplication>): WSGIApplication {
    return this.middleware(layers)(function innerOfPython(environ, startResponse) {
      const name = environ[INNER];
      Reflect.deleteProperty(environ, INNER);
      const application = inner.get(String(name));
      if (application === undefined) {
        const message = `A Python composite calls the application "${String(name)}"; expected one that its section names`;
        throw new ContractViolation("ERR_TSGI_PYTHON_INNER", message);
      }
      return application(environ, startResponse);
    });
  }

  /** Filters around an application of ours. The processes start at once. */
  middleware(layers: readonly PythonLayer[]): Middleware {
    const middleware = pythonMiddleware({ ...this.#processOptions(), filter: partOf("middleware", [layers]) });
    this.#middlewares.push(middleware);
    return middleware;
  }

  /**
   * Starts all processes that have been asked for.
   *
   * @throws PythonStartError with Python's traceback if one does not load
   */
  async start(): Promise<void> {
    await Promise.all([this.#batch?.start(), ...this.#middlewares.map(({ ready }) => ready)]);
  }

  /** The loaded Python files, as far as they are known. */
  async modules(): Promise<readonly string[]> {
    const guests = await Promise.all(this.#guests);
    return (await Promise.all(guests.map((guest) => guest.modules()))).flat();
  }

  /** Process ids by the id of the request they are working on. */
  requestsInHand(): ReadonlyMap<string, number> {
    return new Map(this.#all.flatMap((part) => [...part.requestsInHand()]));
  }

  /** Ends all processes. */
  async close(graceSeconds?: number): Promise<void> {
    const guests = this.#guests.map(async (starting) => {
      const guest = await starting.catch(() => null);
      await guest?.close(graceSeconds);
    });
    await Promise.all([...guests, ...this.#middlewares.map((middleware) => middleware.close(graceSeconds))]);
  }

  get #all(): readonly Pick<PythonGuest, "requestsInHand">[] {
    return [...this.#middlewares, ...this.#started];
  }

  async #startBatch(parts: readonly (readonly PythonLayer[])[]): Promise<PythonGuest> {
    // Parts added from now on belong to other processes.
    this.#batch = null;
    const starting = pythonApplication({ ...this.#processOptions(), target: partOf("application", parts) });
    this.#guests.push(starting);
    const guest = await starting;
    this.#started.push(guest);
    return guest;
  }

  #processOptions(): PythonPartsOptions {
    return { ...this.#options, pythonPath: [...this.#pythonPath, ...(this.#options.pythonPath ?? [])] };
  }
}

/** Applications that will share processes. */
class Batch {
  readonly #parts: (readonly PythonLayer[])[] = [];
  readonly #launch: (parts: readonly (readonly PythonLayer[])[]) => Promise<PythonGuest>;
  #starting: Promise<PythonGuest> | null = null;
  #application: WSGIApplication | null = null;

  constructor(launch: (parts: readonly (readonly PythonLayer[])[]) => Promise<PythonGuest>) {
    this.#launch = launch;
  }

  start(): Promise<PythonGuest> {
    this.#starting ??= this.#launch(this.#parts).then((guest) => {
      this.#application = guest.application;
      return guest;
    });
    return this.#starting;
  }

  add(layers: readonly PythonLayer[]): WSGIApplication {
    const index = String(this.#parts.push(layers) - 1);
    const pythonPart: WSGIApplication = (environ, startResponse) => {
      const application = this.#application;
      if (application === null) return this.start().then(() => pythonPart(environ, startResponse));
      if (this.#parts.length > 1) environ[PART] = index;
      return application(environ, startResponse);
    };
    return pythonPart;
  }
}

function partOf(
  attribute: "application" | "middleware",
  parts: readonly (readonly PythonLayer[])[],
): { target: string; kind: "appFactory" | "filterFactory"; localConf: Record<string, string> } {
  return {
    target: `${helperPath("tsgi_factories.py")}:${attribute}`,
    kind: attribute === "application" ? "appFactory" : "filterFactory",
    localConf: { parts: JSON.stringify(parts.map((layers) => ({ layers }))) },
  };
}
