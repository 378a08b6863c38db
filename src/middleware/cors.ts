// Lets pages of other origins read the answers, and answers their preflights. Source: the Fetch specification, "CORS protocol".
import type { HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { sendAnswer } from "./writing/answer.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary, setHeader } from "./writing/header-fields.ts";
import { configuredOrigin } from "./writing/host.ts";
import { type Configuration, flag, integer, fromSection, words } from "./writing/options.ts";
import { changeHead } from "./writing/replace-response.ts";

/** Options of {@link cors}. */
export interface CorsOptions {
  /**
   * Origins that may read responses: `https://app.example`, `https://*.app.example` (all subdomains), `null` (files and sandboxes), or `*`
   * for everybody; or a function that decides. @default ["*"]
   */
  readonly origins?: readonly string[] | ((origin: string, environ: WSGIEnvironment) => boolean);
  /** Methods that a preflight allows. @default ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"] */
  readonly methods?: readonly string[];
  /** Request headers that a preflight allows. @default those that it asks for */
  readonly headers?: readonly string[];
  /** Response headers that scripts may read, in addition to the usual ones. @default [] */
  readonly exposedHeaders?: readonly string[];
  /** Whether cookies and authentication may be sent; not together with the origin `*`. @default false */
  readonly credentials?: boolean;
  /** How long a browser may remember a preflight, in seconds. @default the browser's own */
  readonly maxAgeSeconds?: number;
}

const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
const ORIGIN = /^(https?|[a-z][a-z\d+.-]*):\/\/(\*\.)?[^\s/*?#@]+$/i;
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~, \t-]*$/;

/**
 * Adds CORS headers for the allowed origins, and answers preflights with 204. Browsers refuse everything else.
 *
 * In a pipeline: outside of authentication, because a preflight carries no credentials.
 *
 * @throws MiddlewareOptionError for something that is no origin, and for credentials together with `*`
 * @example
 * const application = cors({ origins: ["https://app.example"], credentials: true })(inner);
 */
export function cors(options: CorsOptions = {}): Middleware {
  const {
    origins = ["*"],
    methods = METHODS,
    headers,
    exposedHeaders = [],
    credentials: allowsCredentials = false,
  } = options;
  const isEverybody = typeof origins !== "function" && origins.includes("*");
  if (isEverybody && allowsCredentials) {
    throw new MiddlewareOptionError(
      'Origin "*" cannot have credentials; expected the origins that may have them, by name',
    );
  }
  const isAllowed = typeof origins === "function" ? origins : matcher(origins);

  function addOrigin(list: HeaderList, origin: string | null): void {
    if (isEverybody) {
      // Also without an Origin: a cache may give this answer to somebody who has one.
      setHeader(list, "Access-Control-Allow-Origin", "*");
      return;
    }
    addVary(list, "Origin");
    if (origin === null) return;
    setHeader(list, "Access-Control-Allow-Origin", origin);
    if (allowsCredentials) setHeader(list, "Access-Control-Allow-Credentials", "true");
  }

  function preflightHeaders(environ: WSGIEnvironment, origin: string | null): HeaderList {
    const list: HeaderList = [];
    addOrigin(list, origin);
    if (origin === null) return list;
    list.push(["Access-Control-Allow-Methods", methods.join(", ")]);
    const asked = environ["HTTP_ACCESS_CONTROL_REQUEST_HEADERS"];
    const names = headers?.join(", ") ?? (typeof asked === "string" && FIELD_NAMES.test(asked) ? asked : "");
    if (names !== "") list.push(["Access-Control-Allow-Headers", names]);
    if (headers === undefined) addVary(list, "Access-Control-Request-Headers");
    if (options.maxAgeSeconds !== undefined) list.push(["Access-Control-Max-Age", String(options.maxAgeSeconds)]);
    return list;
  }

  return function corsMiddleware(application) {
    return function shareAcrossOrigins(environ, startResponse) {
      const asking = environ["HTTP_ORIGIN"];
      const origin = typeof asking === "string" && (isEverybody || isAllowed(asking, environ)) ? asking : null;
      const isPreflight = asking !== undefined && environ["HTTP_ACCESS_CONTROL_REQUEST_METHOD"] !== undefined;
      if (isPreflight && environ.REQUEST_METHOD === "OPTIONS") {
        return sendAnswer(environ, startResponse, { status: 204, headers: preflightHeaders(environ, origin) });
      }
      const start = changeHead(startResponse, (head) => {
        addOrigin(head.headers, origin);
        if ((isEverybody || origin !== null) && exposedHeaders.length > 0) {
          setHeader(head.headers, "Access-Control-Expose-Headers", exposedHeaders.join(", "));
        }
      });
      return application(environ, start);
    };
  };
}

/** The filter `egg:tsgi#cors`: each option by its name, lists separated by blanks, commas or line ends. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<CorsOptions>(cors, localConf, {
    origins: words,
    methods: words,
    headers: words,
    exposedHeaders: words,
    credentials: flag,
    maxAgeSeconds: integer,
  });
}

function matcher(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set<string>();
  const below: [scheme: string, domain: string][] = [];
  for (const entry of origins) {
    const [, scheme, wildcard] = ORIGIN.exec(entry) ?? [];
    if (scheme === undefined && entry !== "null" && entry !== "*") {
      throw new MiddlewareOptionError(
        `Option "origins" has the entry "${entry}"; expected "scheme://host", "scheme://*.host", "null" or "*"`,
      );
    }
    const lower = configuredOrigin(entry);
    if (wildcard === undefined) exact.add(lower);
    else below.push([lower.slice(0, lower.indexOf("*")), lower.slice(lower.indexOf("*") + 1)]);
  }
  return (origin) => {
    const lower = origin.toLowerCase();
    return (
      exact.has(lower) ||
      below.some(
        ([start, end]) =>
          lower.startsWith(start) && lower.endsWith(end) && isName(lower.slice(start.length, -end.length)),
      )
    );
  };
}

/** What a star may stand for: labels of a name, and nothing that would end the host. */
function isName(text: string): boolean {
  return /^[\w-]+(?:\.[\w-]+)*$/.test(text);
}
