// The warm-up request: a new worker asks its own application for a page before any client can, without a network.
import { ignoreHints, wrapFile, WSGI_VERSION_1 } from "../../gateways/gateway-environ.ts";
import { parseHost } from "../../http/host.ts";
import { parseTarget, type Target } from "../../http/target.ts";
import { addressOfPath } from "../../middleware/writing/configured-path.ts";
import { findHeader } from "../../middleware/writing/header-fields.ts";
import { type ApplicationRun, type ResponseSink, runApplication } from "../../wsgi/handler.ts";
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type { ErrorStream, HeaderList, WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { SERVER_EXIT_CODES, ServerError } from "../errors.ts";

/** Where the warm-up request comes in, as the server would see it. */
export interface WarmUpOptions {
  /** Path with query, or a URL, as text or with percent signs. */
  readonly target: string;
  /** Whether the server speaks https itself. @default false */
  readonly isSecure?: boolean;
  /** The setting of that name. @default "" */
  readonly scriptName?: string;
}

/** One way to ask for the target. */
interface Way {
  readonly scheme: "http" | "https";
  readonly host: string;
}

/** To https, then to the name with `www.`, as frameworks do it, and one more. */
const MOST_REDIRECTS = 3;

/**
 * Calls the application as a client would. A redirect to another scheme or host, but the same path, is followed: behind a front end that
 * ends TLS no client asks by http, and a framework that redirects has not loaded what it serves.
 *
 * @throws ServerError when the answer fails or its status is 500 or above, or the target is none
 */
export async function warmUp(application: WSGIApplication, options: WarmUpOptions, errors: ErrorStream): Promise<void> {
  const { target: text, isSecure = false, scriptName = "" } = options;
  const target = targetOf(text);
  let way: Way = wayOf(target) ?? { scheme: isSecure ? "https" : "http", host: "localhost" };
  for (let redirects = 0; ; redirects += 1) {
    const answer = await ask(application, text, (signal) => warmUpEnviron(target, way, scriptName, errors, signal));
    if (answer.status >= 500) throw failed(text, `the status was ${answer.status}`);
    const next = redirectOf(answer, target, way);
    if (next === null || redirects === MOST_REDIRECTS) return;
    way = next;
  }
}

async function ask(
  application: WSGIApplication,
  text: string,
  environFor: (signal: AbortSignal) => WSGIEnvironment,
): Promise<Head> {
  const environ = environFor(new AbortController().signal);
  let run: ApplicationRun | undefined;
  const head = await new Promise<Head>((resolve, reject) => {
    run = runApplication(application, environ, new HeadSink(resolve, reject));
  }).catch((error: unknown) => {
    throw failed(text, error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
  // The status is known with the first chunk; an endless body is not waited for.
  run?.abort(new Error("The warm-up request is over"));
  return head;
}

function targetOf(text: string): Target {
  try {
    return parseTarget("GET", addressOfPath(text));
  } catch (cause) {
    const what = `Cannot read the warm-up request "${text}"; expected a path such as "/health", or a URL`;
    throw new ServerError(SERVER_EXIT_CODES.app, "ERR_TSGI_WARM_UP", what, { cause });
  }
}

/** What an absolute target says; null for a path. */
function wayOf({ raw, authority }: Target): Way | null {
  return authority === null ? null : { scheme: /^https:/i.test(raw) ? "https" : "http", host: authority };
}

/** Where a redirect leads that is about scheme and host alone. */
function redirectOf({ status, headers }: Head, target: Target, way: Way): Way | null {
  const location = status >= 300 && status < 400 ? findHeader(headers, "location") : null;
  if (location === null || !/^https?:/i.test(location)) return null;
  try {
    const led = parseTarget("GET", location);
    const next = wayOf(led);
    const isSamePath = led.path.endsWith(target.path) && led.query === target.query;
    return isSamePath && (next?.scheme !== way.scheme || next.host !== way.host) ? next : null;
  } catch {
    return null; // a redirect that no client could follow
  }
}

function failed(path: string, reason: string): ServerError {
  const [first = "", ...more] = reason.split("\n");
  return new ServerError(SERVER_EXIT_CODES.app, "ERR_TSGI_WARM_UP", `The warm-up request ${path} failed: ${first}`, {
    detail: more.join("\n"),
  });
}

function warmUpEnviron(
  target: Target,
  { scheme, host }: Way,
  scriptName: string,
  errors: ErrorStream,
  signal: AbortSignal,
): WSGIEnvironment {
  const { name = host, port = null } = parseHost(host) ?? {};
  const environ: WSGIEnvironment = {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: target.path,
    QUERY_STRING: target.query,
    REQUEST_URI: target.raw,
    SERVER_NAME: name,
    SERVER_PORT: port ?? (scheme === "https" ? "443" : "80"),
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "tsgi",
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_PORT: "0",
    HTTP_HOST: host,
    HTTP_USER_AGENT: "tsgi-warm-up",
    "wsgi.version": WSGI_VERSION_1,
    "wsgi.url_scheme": scheme,
    "wsgi.input": EMPTY_INPUT,
    "wsgi.errors": errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": true,
    "wsgi.run_once": false,
    "wsgi.input_terminated": true,
    "wsgi.file_wrapper": wrapFile,
    "wsgi.early_hints": ignoreHints,
    "tsgi.signal": signal,
  };
  mountUnder(environ, scriptName);
  return environ;
}

interface Head {
  readonly status: number;
  readonly headers: HeaderList;
}

/** Takes an answer in and remembers only its head. */
class HeadSink implements ResponseSink {
  #head: Head = { status: 0, headers: [] };
  readonly #resolve: (head: Head) => void;
  readonly #reject: (error: unknown) => void;

  constructor(resolve: (head: Head) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  announce(status: string, headers: HeaderList): void {
    this.#head = { status: Number.parseInt(status, 10), headers };
  }

  sendWhole(): void {
    this.#resolve(this.#head);
  }

  send(): boolean {
    this.#resolve(this.#head);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  finish(): void {
    this.#resolve(this.#head);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}
