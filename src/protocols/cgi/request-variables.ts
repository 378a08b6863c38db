// The variables that describe a request to a program: over CGI they are its environment, over FastCGI, SCGI and uwsgi they are sent.
// Source: RFC 3875 section 4.1; PEP 3333, whose environ is made of the same names.
//
// Only known names pass. An environ holds what middleware has put there, and behind another web server what that has sent; a name like
// LD_PRELOAD, PHP_VALUE or PATH would not describe the request but change the program (CVE-2025-65082; suexec of Apache lists names, too).
import { GatewayProtocolError } from "../errors.ts";
import type { Variable } from "../variables.ts";
import { CONNECTION_VARIABLES } from "./connection-variables.ts";

/** What the environ does not say. */
export interface RequestVariablesOptions {
  /** Length of the body that the program will get; null when it has to read to the end. */
  readonly contentLength: number | null;
  /** Whether the field Authorization is told. Without it, a program sees REMOTE_USER only. @default false */
  readonly authorization?: boolean;
  /** Further names that are passed, such as those that a middleware of yours sets. @default none */
  readonly pass?: readonly string[];
  /** DOCUMENT_ROOT, a native string. PATH_TRANSLATED is below it. @default none */
  readonly documentRoot?: string | null;
  /** SCRIPT_FILENAME, the file that is run, a native string. PHP wants it. @default none */
  readonly scriptFilename?: string | null;
  /** What is said in place of SCRIPT_NAME and PATH_INFO, and of what a front has said of a redirect. @default what the environ says */
  readonly script?: ScriptPaths | null;
}

/** Where the paths of a request are divided; native strings. */
export interface ScriptPaths {
  readonly scriptName: string;
  readonly pathInfo: string;
}

/** RFC 3875's, and what Apache, nginx and lighttpd add to them. */
const KNOWN =
  /^(?:AUTH_TYPE|CONTENT_TYPE|PATH_INFO|QUERY_STRING|REMOTE_(?:ADDR|HOST|IDENT|PORT|USER)|REQUEST_(?:METHOD|SCHEME|URI|ID)|SCRIPT_(?:NAME|URI|URL)|SERVER_(?:ADDR|ADMIN|NAME|PORT|PORT_SECURE|PROTOCOL|SIGNATURE|SOFTWARE)|DOCUMENT_URI|HTTPS|UNIQUE_ID|(?:HTTP|REDIRECT|SSL|CONTEXT)_[A-Z0-9_]+)$/;

/** And what was meant for a proxy, not for the program. */
const NEVER: ReadonlySet<string> = new Set([...CONNECTION_VARIABLES, "HTTP_PROXY_AUTHORIZATION"]);

/** What is not simply handed on: each of them is said once, whatever the environ has. */
const SAID: ReadonlySet<string> = new Set([
  "CONTENT_LENGTH",
  "CONTENT_TYPE",
  "DOCUMENT_ROOT",
  "GATEWAY_INTERFACE",
  "HTTPS",
  "PATH_INFO",
  "PATH_TRANSLATED",
  "QUERY_STRING",
  "REDIRECT_STATUS",
  "REMOTE_ADDR",
  "REQUEST_SCHEME",
  "SCRIPT_FILENAME",
  "SCRIPT_NAME",
  "SERVER_SOFTWARE",
]);

/** What becomes of a key of the environ. */
type Use = "passed" | "authorization" | "asked for" | "left out";

/** Keys that were seen, which are mostly the same; bounded, because clients invent them. */
const MAX_CACHED = 1024;
const uses = new Map<string, Use>();

function useOf(name: string): Use {
  const known = uses.get(name);
  if (known !== undefined) return known;
  let use: Use = KNOWN.test(name) ? "passed" : "asked for";
  if (name === "HTTP_AUTHORIZATION") use = "authorization";
  if (NEVER.has(name) || SAID.has(name)) use = "left out";
  if (uses.size < MAX_CACHED) uses.set(name, use);
  return use;
}

const NO_NAMES: readonly string[] = [];

/**
 * Lists the variables.
 *
 * @param environ - of the request, PEP 3333's
 * @returns names and values as native strings, one code point per byte; each name once
 * @throws GatewayProtocolError (400) for a value with a NUL, which would be cut there
 */
export function requestVariables(
  environ: Readonly<Record<string, unknown>>,
  options: RequestVariablesOptions,
): Variable[] {
  const { contentLength, authorization = false, pass = NO_NAMES } = options;
  // First: SCGI wants the length before all others. Without one, what mod_cgid of Apache says: the body is decoded, and ends where the
  // input ends.
  const length: Variable =
    contentLength === null ? ["HTTP_TRANSFER_ENCODING", "chunked"] : ["CONTENT_LENGTH", String(contentLength)];
  const variables: Variable[] = [length, ["GATEWAY_INTERFACE", "CGI/1.1"]];
  for (const name of Object.keys(environ)) {
    const use = useOf(name);
    if (use === "left out" || (use === "authorization" && !authorization)) continue;
    if (use === "asked for" && !pass.includes(name)) continue;
    const value = environ[name];
    if (typeof value === "string") variables.push([name, value]);
  }
  sayPaths(variables, environ, options);
  sayOthers(variables, environ);
  for (const [name, value] of variables) if (value.includes("\0")) throw withNul(name);
  return variables;
}

/** Adds the paths of the request and of what is run. */
function sayPaths(
  variables: Variable[],
  environ: Readonly<Record<string, unknown>>,
  { pass = NO_NAMES, documentRoot = null, scriptFilename = null, script = null }: RequestVariablesOptions,
): void {
  const asked = (name: string): string | null => (pass.includes(name) ? textOf(environ, name) : null);
  const pathInfo = script?.pathInfo ?? textOf(environ, "PATH_INFO") ?? "";
  variables.push(["SCRIPT_NAME", script?.scriptName ?? textOf(environ, "SCRIPT_NAME") ?? ""]);
  // An empty one is none, as from Apache; PHP-FPM took an empty one for its own split (CVE-2019-11043).
  if (pathInfo !== "") variables.push(["PATH_INFO", pathInfo]);
  // php-cgi runs nothing without it.
  const status = script === null ? textOf(environ, "REDIRECT_STATUS") : null;
  say(variables, "REDIRECT_STATUS", status ?? (scriptFilename === null ? null : "200"));
  say(variables, "SCRIPT_FILENAME", scriptFilename ?? asked("SCRIPT_FILENAME"));
  say(variables, "DOCUMENT_ROOT", documentRoot ?? asked("DOCUMENT_ROOT"));
  const translated = documentRoot === null ? null : translate(documentRoot, pathInfo);
  say(variables, "PATH_TRANSLATED", translated ?? asked("PATH_TRANSLATED"));
}

/** Adds what is there, or not there, whatever the environ has. */
function sayOthers(variables: Variable[], environ: Readonly<Record<string, unknown>>): void {
  variables.push(["QUERY_STRING", textOf(environ, "QUERY_STRING") ?? ""]);
  variables.push(["REMOTE_ADDR", textOf(environ, "REMOTE_ADDR") ?? ""]);
  say(variables, "CONTENT_TYPE", textOf(environ, "CONTENT_TYPE") || null);
  say(variables, "SERVER_SOFTWARE", textOf(environ, "SERVER_SOFTWARE") ?? "TSGI");
  // What the gateway believes is stronger than what is said beside it.
  const scheme = textOf(environ, "wsgi.url_scheme") || null;
  say(variables, "REQUEST_SCHEME", scheme ?? textOf(environ, "REQUEST_SCHEME"));
  if (scheme === null) say(variables, "HTTPS", textOf(environ, "HTTPS"));
  else if (scheme === "https") say(variables, "HTTPS", "on");
}

function say(variables: Variable[], name: string, value: string | null): void {
  if (value !== null) variables.push([name, value]);
}

function textOf(environ: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = environ[name];
  return typeof value === "string" ? value : null;
}

/** A path that leads out of the root is not translated. Source: RFC 3875 section 4.1.6. */
function translate(root: string, path: string): string | null {
  if (path === "" || /(?:^|\/)\.\.?(?:\/|$)/.test(path)) return null;
  return root.replace(/\/+$/, "") + path;
}

function withNul(name: string): GatewayProtocolError {
  return new GatewayProtocolError(
    400,
    "ERR_TSGI_VARIABLE_NUL",
    `The variable ${name.slice(0, 100)} of the request holds a NUL, which no program can be told`,
  );
}
