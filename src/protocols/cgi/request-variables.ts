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
}

/** RFC 3875's, and what Apache, nginx and lighttpd add to them. */
const KNOWN =
  /^(?:AUTH_TYPE|CONTENT_TYPE|PATH_INFO|QUERY_STRING|REMOTE_(?:ADDR|HOST|IDENT|PORT|USER)|REQUEST_(?:METHOD|SCHEME|URI|ID)|SCRIPT_(?:NAME|URI|URL)|SERVER_(?:ADDR|ADMIN|NAME|PORT|PORT_SECURE|PROTOCOL|SIGNATURE|SOFTWARE)|DOCUMENT_URI|HTTPS|UNIQUE_ID|(?:HTTP|REDIRECT|SSL|CONTEXT)_[A-Z0-9_]+)$/;

/** And what was meant for a proxy, not for the program. */
const NEVER: ReadonlySet<string> = new Set([...CONNECTION_VARIABLES, "HTTP_PROXY_AUTHORIZATION"]);

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
  const { contentLength, authorization = false, pass = [], documentRoot = null, scriptFilename = null } = options;
  const variables = new Map<string, string>();
  const text = (name: string): string => {
    const value = environ[name];
    return typeof value === "string" ? value : "";
  };
  // First: SCGI wants the length before all others.
  if (contentLength !== null) variables.set("CONTENT_LENGTH", String(contentLength));
  // What mod_cgid of Apache says then: the body is decoded, and ends where the input ends.
  else variables.set("HTTP_TRANSFER_ENCODING", "chunked");
  variables.set("GATEWAY_INTERFACE", "CGI/1.1");
  for (const name of Object.keys(environ)) {
    const value = environ[name];
    if (typeof value !== "string" || NEVER.has(name) || !(KNOWN.test(name) || pass.includes(name))) continue;
    if (name === "HTTP_AUTHORIZATION" && !authorization) continue;
    variables.set(name, value);
  }
  for (const name of ["SCRIPT_NAME", "QUERY_STRING", "REMOTE_ADDR"]) variables.set(name, text(name));
  // An empty one is none, as from Apache; PHP-FPM took an empty one for its own split (CVE-2019-11043).
  if (text("PATH_INFO") === "") variables.delete("PATH_INFO");
  if (text("CONTENT_TYPE") === "") variables.delete("CONTENT_TYPE");
  const scheme = text("wsgi.url_scheme");
  if (scheme !== "") variables.set("REQUEST_SCHEME", scheme);
  if (scheme === "https") variables.set("HTTPS", "on");
  else if (scheme !== "") variables.delete("HTTPS");
  if (!variables.has("SERVER_SOFTWARE")) variables.set("SERVER_SOFTWARE", "TSGI");
  if (scriptFilename !== null) {
    variables.set("SCRIPT_FILENAME", scriptFilename);
    // php-cgi runs nothing without it.
    if (!variables.has("REDIRECT_STATUS")) variables.set("REDIRECT_STATUS", "200");
  }
  if (documentRoot !== null) {
    variables.set("DOCUMENT_ROOT", documentRoot);
    const translated = translate(documentRoot, text("PATH_INFO"));
    if (translated !== null) variables.set("PATH_TRANSLATED", translated);
  }
  const list = [...variables];
  for (const [name, value] of list) if (value.includes("\0")) throw withNul(name);
  return list;
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
