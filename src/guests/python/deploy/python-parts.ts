// The Python parts of one configuration. Applications that stay inside Python share the processes of one guest; filters around an
// application of ours, and composites of both languages, have processes of their own: a lane that waits for an inner application must
// not be the one that this application needs.
import { ContractViolation } from "../../../wsgi/errors.ts";
import type { Middleware, WSGIApplication } from "../../../wsgi/types.ts";
import { addGuestStats, type GuestStats } from "../../lane/guest-stats.ts";
import type { PythonOptions } from "../options.ts";
import { pythonApplication, type PythonGuest } from "../python-application.ts";
import { pythonMiddleware, type PythonMiddleware } from "../python-middleware.ts";
import { helperPath } from "./helper-path.ts";

/** Tells the Python side which of its applications is meant; the names are those of tsgi_factories.py. */
const PART = "tsgi.deploy.part";
/** Tells this side which application a Python composite calls. */
const INNER = "tsgi.deploy.inner";

/** How a factory is called. */
export type PythonLayerKind = "app" | "composite" | "filter" | "filter_app";

/** A factory with what it is called with. */
export interface PythonLayer {
  readonly kind: PythonLayerKind;
  /** Tells layers apart in messages; the same factory may be in several. */
  readonly index: number;
  readonly module: string;
  readonly attribute: string;
  /** For messages. */
  readonly location: string;
  readonly globalConf: Readonly<Record<string, string>>;
  readonly localConf: Readonly<Record<string, string>>;
  /** For composites: the file, and what they may load, by name. */
  readonly filename?: string | null;
  readonly apps?: Readonly<Record<string, PythonMount>>;
  readonly filters?: Readonly<Record<string, PythonMount>>;
  /** For composites: the names of all sections of the file, for messages. */
  readonly sections?: { readonly apps: readonly string[]; readonly filters: readonly string[] };
}

/** What a composite may load under a name: with the global values that it hands down, and without. */
export interface PythonMount {
  readonly passed: PythonPartDescription;
  readonly bare: PythonPartDescription;
}

/** A part: layers in Python, outermost first; the name of an application of ours; or why there is none. */
export type PythonPartDescription =
  | { readonly layers: readonly PythonLayer[] }
  | { readonly inner: string }
  | { readonly error: string };

/** How the processes are run. */
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

  /** Adds a directory to the search path of processes that have not started yet. */
  addPath(directory: string): void {
    this.#pythonPath.add(directory);
  }

  /** An application of Python alone. Its process starts with `start`, or with the first request. */
  application(layers: readonly PythonLayer[]): WSGIApplication {
    const batch = (this.#batch ??= new Batch((parts) => this.#startBatch(parts)));
    return batch.add(layers);
  }

  /**
   * A Python application which calls applications of ours.
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
   * @throws PythonStartError with Python's traceback when one does not load
   */
  async start(): Promise<void> {
    await Promise.all([this.#batch?.start(), ...this.#middlewares.map(({ ready }) => ready)]);
  }

  /** The Python files that are loaded, as far as they are known. */
  async modules(): Promise<readonly string[]> {
    const guests = await Promise.all(this.#guests);
    return (await Promise.all(guests.map((guest) => guest.modules()))).flat();
  }

  /** What all processes are doing; null when none have been asked for. */
  stats(): GuestStats | null {
    return this.#all.map((part) => part.stats()).reduce<GuestStats | null>(addGuestStats, null);
  }

  /** Which process has which request now, by the request's id. */
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

  get #all(): readonly Pick<PythonGuest, "stats" | "requestsInHand">[] {
    return [...this.#middlewares, ...this.#started];
  }

  async #startBatch(parts: readonly (readonly PythonLayer[])[]): Promise<PythonGuest> {
    // What is added from now on belongs to other processes.
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

/** Applications that will be in the same processes. */
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
