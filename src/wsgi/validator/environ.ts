// What a server must put into the environ, and the guarded environ that the application sees.
// Source: PEP 3333, "environ Variables"; RFC 3875 section 4.1; the checks of wsgiref.validate.
import { isToken } from "../head-rules.ts";
import { isNativeString } from "../native-string.ts";
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { WSGIEnvironment } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";

type Environ = Readonly<Record<string, unknown>>;

const REQUIRED = [
  "REQUEST_METHOD",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
  "wsgi.version",
  "wsgi.url_scheme",
  "wsgi.input",
  "wsgi.errors",
  "wsgi.multithread",
  "wsgi.multiprocess",
  "wsgi.run_once",
] as const;
const FUNCTIONS = ["wsgi.file_wrapper", "wsgi.early_hints", "tsgi.upgrade"] as const;
const FLAGS = ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"] as const;
const KNOWN_METHODS: ReadonlySet<unknown> = new Set("GET HEAD POST OPTIONS PATCH PUT DELETE TRACE".split(" "));

/** The environ is a plain object. */
export const ENVIRON_OBJECT: Rule<unknown> = {
  code: "ERR_TSGI_ENVIRON_OBJECT",
  text: "The environ must be a plain object, which the application may change freely",
  check(environ) {
    if (typeof environ !== "object" || environ === null || Array.isArray(environ)) return `got ${show(environ)}`;
    const prototype: unknown = Object.getPrototypeOf(environ);
    // Not compared with Object.prototype: an environ may come from another realm.
    return prototype === null || Object.getPrototypeOf(prototype) === null ? null : `got ${show(environ)}`;
  },
};

/** The rules about the keys of an environ, in the order in which they are checked. */
export const ENVIRON_RULES: readonly Rule<Environ>[] = [
  {
    code: "ERR_TSGI_ENVIRON_REQUIRED",
    text: `The environ must contain ${REQUIRED.map((key) => `\`${key}\``).join(", ")}`,
    check: (environ) =>
      listed(
        REQUIRED.filter((key) => environ[key] === undefined),
        "missing ",
      ),
  },
  {
    code: "ERR_TSGI_ENVIRON_HTTP_CONTENT",
    text: "The environ must not contain `HTTP_CONTENT_TYPE` or `HTTP_CONTENT_LENGTH`; these two are called `CONTENT_TYPE` and `CONTENT_LENGTH`",
    check: (environ) =>
      listed(
        ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"].filter((key) => key in environ),
        "found ",
      ),
  },
  {
    code: "WARN_TSGI_QUERY_STRING",
    text: "The environ should contain `QUERY_STRING`, which is empty if the request target has no query",
    isWarning: true,
    check: (environ) => ("QUERY_STRING" in environ ? null : "missing"),
  },
  {
    code: "ERR_TSGI_ENVIRON_STRING",
    text: "The value of each key without a dot must be a string; leave unknown ones out instead of setting them to undefined",
    check: (environ) => firstOf(environ, (key, value) => !key.includes(".") && typeof value !== "string"),
  },
  {
    code: "ERR_TSGI_ENVIRON_NATIVE",
    text: "Each string of the environ must be a native string: one code point from U+0000 to U+00FF for each byte",
    check: (environ) =>
      firstOf(environ, (key, value) => !key.includes(".") && typeof value === "string" && !isNativeString(value)),
  },
  {
    code: "ERR_TSGI_ENVIRON_METHOD",
    text: "`REQUEST_METHOD` must be a token of RFC 9110",
    check: ({ REQUEST_METHOD }) =>
      typeof REQUEST_METHOD === "string" && isToken(REQUEST_METHOD) ? null : `got ${show(REQUEST_METHOD)}`,
  },
  {
    code: "WARN_TSGI_METHOD",
    text: `\`REQUEST_METHOD\` should be a method that applications know: ${[...KNOWN_METHODS].join(", ")}`,
    isWarning: true,
    check: ({ REQUEST_METHOD }) => (KNOWN_METHODS.has(REQUEST_METHOD) ? null : `got ${show(REQUEST_METHOD)}`),
  },
  {
    code: "ERR_TSGI_ENVIRON_SERVER",
    text: "`SERVER_NAME` and `SERVER_PORT` must not be empty",
    check: (environ) =>
      listed(
        ["SERVER_NAME", "SERVER_PORT"].filter((key) => environ[key] === ""),
        "empty ",
      ),
  },
  {
    code: "ERR_TSGI_ENVIRON_PROTOCOL",
    text: "`SERVER_PROTOCOL` must be `HTTP/` and a version, such as `HTTP/1.1`",
    check: ({ SERVER_PROTOCOL }) =>
      typeof SERVER_PROTOCOL === "string" && /^HTTP\/[0-9]+(\.[0-9]+)?$/.test(SERVER_PROTOCOL)
        ? null
        : `got ${show(SERVER_PROTOCOL)}`,
  },
  {
    code: "ERR_TSGI_ENVIRON_SCRIPT_NAME",
    text: "`SCRIPT_NAME` must be empty or start with `/`, and must not be `/` alone: the root of the server is the empty string",
    check: ({ SCRIPT_NAME }) => (isPath(SCRIPT_NAME) && SCRIPT_NAME !== "/" ? null : `got ${show(SCRIPT_NAME)}`),
  },
  {
    code: "ERR_TSGI_ENVIRON_PATH_INFO",
    text: "`PATH_INFO` must be empty or start with `/`",
    check: ({ PATH_INFO }) => (isPath(PATH_INFO) ? null : `got ${show(PATH_INFO)}`),
  },
  {
    code: "ERR_TSGI_ENVIRON_PATH",
    text: "`PATH_INFO` must be present when `SCRIPT_NAME` is empty",
    check: ({ SCRIPT_NAME, PATH_INFO }) => (SCRIPT_NAME || PATH_INFO !== undefined ? null : "both are missing"),
  },
  {
    code: "ERR_TSGI_ENVIRON_CONTENT_LENGTH",
    text: "`CONTENT_LENGTH`, if present and not empty, must be a decimal number of bytes",
    check: ({ CONTENT_LENGTH }) =>
      CONTENT_LENGTH === undefined || (typeof CONTENT_LENGTH === "string" && /^[0-9]*$/.test(CONTENT_LENGTH))
        ? null
        : `got ${show(CONTENT_LENGTH)}`,
  },
  {
    code: "ERR_TSGI_ENVIRON_VERSION",
    text: "`wsgi.version` must be the array `[1, 0]`",
    check({ "wsgi.version": version }) {
      const isVersion = Array.isArray(version) && version.length === 2 && version[0] === 1 && version[1] === 0;
      return isVersion ? null : `got ${Array.isArray(version) ? show(version.join(".")) : show(version)}`;
    },
  },
  {
    code: "ERR_TSGI_ENVIRON_URL_SCHEME",
    text: "`wsgi.url_scheme` must be `http` or `https`",
    check: ({ "wsgi.url_scheme": scheme }) => (scheme === "http" || scheme === "https" ? null : `got ${show(scheme)}`),
  },
  {
    code: "ERR_TSGI_ENVIRON_FLAG",
    text: "`wsgi.multithread`, `wsgi.multiprocess` and `wsgi.run_once` must be booleans, and so must `wsgi.input_terminated` if present",
    check: (environ) =>
      listed(
        [...FLAGS, "wsgi.input_terminated"].filter((key) => key in environ && typeof environ[key] !== "boolean"),
        "got no boolean in ",
      ),
  },
  {
    code: "ERR_TSGI_ENVIRON_INPUT",
    text: "`wsgi.input` must have the methods `read`, `readline`, `readlines` and `[Symbol.asyncIterator]`",
    check: ({ "wsgi.input": input }) => missing(input, ["read", "readline", "readlines", Symbol.asyncIterator]),
  },
  {
    code: "ERR_TSGI_ENVIRON_ERRORS",
    text: "`wsgi.errors` must have the methods `write`, `writelines` and `flush`",
    check: ({ "wsgi.errors": errors }) => missing(errors, ["write", "writelines", "flush"]),
  },
  {
    code: "ERR_TSGI_ENVIRON_FUNCTION",
    text: "`wsgi.file_wrapper`, `wsgi.early_hints` and `tsgi.upgrade`, if present, must be functions",
    check: (environ) =>
      listed(
        FUNCTIONS.filter((key) => key in environ && typeof environ[key] !== "function"),
        "got no function in ",
      ),
  },
  {
    code: "ERR_TSGI_ENVIRON_SIGNAL",
    text: "`tsgi.signal`, if present, must be an `AbortSignal`, which fires if the client disconnects before the response is complete, and only then",
    check: (environ) =>
      !("tsgi.signal" in environ) || environ["tsgi.signal"] instanceof AbortSignal
        ? null
        : `got ${show(environ["tsgi.signal"])}`,
  },
];

/**
 * Checks what the server passes.
 *
 * @throws ContractViolation at the first rule that it breaks
 */
export function checkEnviron(environ: unknown): asserts environ is WSGIEnvironment {
  enforce(ENVIRON_OBJECT, environ);
  for (const rule of ENVIRON_RULES) enforce(rule, environ as Environ);
}

/**
 * Gives the environ that the application sees: the same object, except that some values are replaced while they are the original
 * ones, and that it refuses to be used after the end.
 *
 * @param environ - what the server passed; changes go to it
 * @param guards - the values to show instead
 */
export function guardEnviron(
  environ: WSGIEnvironment,
  guards: Partial<WSGIEnvironment>,
  exchange: CheckedCall,
): WSGIEnvironment {
  const originals = new Map(Object.keys(guards).map((key) => [key, environ[key]]));
  const refuse = (key: string | symbol): void => {
    // Inspectors look symbols up; an application does not.
    if (typeof key === "string") checkNotEnded(exchange, `"${key}" of the environ`);
  };
  return new Proxy(environ, {
    get(target, key) {
      refuse(key);
      const value: unknown = Reflect.get(target, key);
      return typeof key === "string" && originals.has(key) && originals.get(key) === value ? guards[key] : value;
    },
    set(target, key, value) {
      refuse(key);
      return Reflect.set(target, key, value);
    },
    has(target, key) {
      refuse(key);
      return Reflect.has(target, key);
    },
    deleteProperty(target, key) {
      refuse(key);
      return Reflect.deleteProperty(target, key);
    },
    ownKeys(target) {
      checkNotEnded(exchange, "the keys of the environ");
      return Reflect.ownKeys(target);
    },
  });
}

function isPath(value: unknown): boolean {
  return value === undefined || value === "" || (typeof value === "string" && value.startsWith("/"));
}

function listed(keys: readonly string[], problem: string): string | null {
  return keys.length === 0 ? null : problem + keys.join(", ");
}

function firstOf(environ: Environ, isWrong: (key: string, value: unknown) => boolean): string | null {
  const wrong = Object.entries(environ).find(([key, value]) => isWrong(key, value));
  return wrong === undefined ? null : `got ${show(wrong[1])} in "${wrong[0]}"`;
}

function missing(value: unknown, methods: readonly (string | symbol)[]): string | null {
  if (typeof value !== "object" || value === null) return `got ${show(value)}`;
  const absent = methods.filter((method) => typeof (value as Record<string | symbol, unknown>)[method] !== "function");
  return listed(absent.map(String), "missing ");
}

/** Section of SPEC.md. */
export const ENVIRON_SECTION: RuleSection = {
  title: "The environ",
  introduction:
    "The environ is an object. It holds CGI variables (RFC 3875), one `HTTP_*` string for each request header, and the `wsgi.` " +
    "objects that PEP 3333 defines. Its strings are native strings: a server decodes the bytes of the request as latin-1, whatever " +
    "their encoding, so that no byte is lost. Keys with a dot may hold any value. Middleware starts its keys with its own name and " +
    "a dot; keys that this contract adds to PEP 3333 start with `tsgi.`.",
  rules: [ENVIRON_OBJECT, ...ENVIRON_RULES],
};
