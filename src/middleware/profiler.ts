// Records a CPU profile of single requests, for the "Performance" tab of a browser's developer tools or for speedscope.
// Source: Werkzeug's ProfilerMiddleware for the idea; V8's profiler through node:inspector.
import { timingSafeEqual } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector";
import { join } from "node:path";
import { checkHeaderName } from "../wsgi/head-rules.ts";
import type { ErrorStream, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { withClose } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { fileIn, integer, fromSection, required, text, within, type Configuration } from "./writing/options.ts";
import { changeHead } from "./writing/replace-response.ts";

const DEFAULT_MAX_FILES = 100;
const DEFAULT_INTERVAL_MICROSECONDS = 100;

/** Which requests to profile, and where to store the profiles. Without `secret` and `every`, none is profiled. */
export interface ProfilerOptions {
  /** Directory for the files; created if necessary. */
  readonly directory: string;
  /** A request is profiled if the header has this value. @default none */
  readonly secret?: string;
  /** Header that holds the secret. @default "X-Profile" */
  readonly header?: string;
  /** Profiles every Nth request; 0 for none. @default 0 */
  readonly every?: number;
  /** Maximum number of files that this process writes. @default 100 */
  readonly maxFiles?: number;
  /** Time between samples, in microseconds. @default 100 */
  readonly intervalMicroseconds?: number;
}

/**
 * Profiles selected requests, from the call of the application until its body is closed, and stores each profile as a `.cpuprofile` file.
 * The response header `X-Profile-File` names the file. One request is profiled at a time; the profile includes everything else that the
 * process does meanwhile.
 *
 * In a pipeline: around the part to be looked at.
 *
 * @throws MiddlewareOptionError without a directory, with an empty secret, or with a number out of range
 */
export function profiler(options: ProfilerOptions): Middleware {
  const { header = "X-Profile", every = 0, secret } = options;
  const directory = required(options.directory, "directory", "where profiles are stored");
  const maxFiles = within(options.maxFiles ?? DEFAULT_MAX_FILES, "maxFiles", 1);
  const interval = within(options.intervalMicroseconds ?? DEFAULT_INTERVAL_MICROSECONDS, "intervalMicroseconds", 1);
  within(every, "every", 0);
  checkHeaderName(header);
  if (secret === "")
    throw new MiddlewareOptionError('Option "secret" is empty; expected a value that is hard to guess');
  const key = `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
  let requests = 0;
  let files = 0;
  let isBusy = false;
  const isAsked = (environ: WSGIEnvironment): boolean => {
    requests += 1;
    if (every > 0 && requests % every === 0) return true;
    return secret !== undefined && isEqual(environ[key], secret);
  };
  return function profilerMiddleware(application) {
    return function profiled(environ, startResponse) {
      if (!isAsked(environ) || isBusy || files >= maxFiles) return application(environ, startResponse);
      isBusy = true;
      files += 1;
      const name = fileName(environ, files);
      const errors = environ["wsgi.errors"];
      const recording = new Recording(interval);
      const finish = (): void => {
        isBusy = false;
        store(recording.stop(), directory, name, errors);
      };
      const start = changeHead(startResponse, ({ headers }) => void headers.push(["X-Profile-File", name]));
      try {
        const body = application(environ, start);
        if (!isPromise(body)) return withClose(body, finish);
        return body.then(
          (settled) => withClose(settled, finish),
          (error: unknown) => {
            finish();
            throw error;
          },
        );
      } catch (error) {
        finish();
        throw error;
      }
    };
  };
}

/** For INI files: `use = egg:tsgi#profiler`, with the keys of {@link ProfilerOptions}. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<ProfilerOptions>(profiler, localConf, {
    directory: fileIn(globalConf),
    secret: text,
    header: text,
    every: integer,
    maxFiles: integer,
    intervalMicroseconds: integer,
  });
}

/** A profile being taken. In a session with its own thread the inspector answers at once, so there is nothing to wait for. */
class Recording {
  readonly #session = new Session();

  constructor(intervalMicroseconds: number) {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.setSamplingInterval", { interval: intervalMicroseconds });
    this.#session.post("Profiler.start");
  }

  stop(): Profiler.Profile | null {
    let profile: Profiler.Profile | null = null;
    this.#session.post("Profiler.stop", (error, result) => {
      if (error === null) profile = result.profile;
    });
    this.#session.disconnect();
    return profile;
  }
}

function store(profile: Profiler.Profile | null, directory: string, name: string, errors: ErrorStream): void {
  try {
    if (profile === null) throw new Error("V8 gave none");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, name), JSON.stringify(profile), { flag: "wx" });
  } catch (error) {
    errors.write(`Cannot store the profile "${name}": ${String(error)}\n`);
  }
}

function fileName(environ: WSGIEnvironment, count: number): string {
  const path = (environ.SCRIPT_NAME + environ.PATH_INFO).replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 60);
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  return `${time}-${process.pid}-${count}-${environ.REQUEST_METHOD.replaceAll(/[^A-Z]/g, "")}${path}.cpuprofile`;
}

function isEqual(given: unknown, secret: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
