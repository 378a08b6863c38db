// What a format of the access log may contain. Source: gunicorn's table of identifiers (setting access_log_format), which extends
// Apache's. Everything that a client chose is escaped; what is missing is written as "-".
import type { AccessEntry } from "../../gateways/access-entry.ts";
import type { HeaderList } from "../../wsgi/types.ts";
import { escapeText } from "../../wsgi/escape-text.ts";
import { escapedBetween, numberBetween } from "./kept-parts.ts";
import { accessTimestamp } from "./timestamp.ts";

/** Renders one part of a line. */
export type Atom = (entry: AccessEntry) => string;

/** Makes an atom that renders the literals beside its part, too: where texts are kept, they are joined once and not for each line. */
export type AtomBetween = (before: string, after: string) => Atom;

/**
 * Makes an atom of the function that renders what it looks up. Each lookup is a function of its own, which V8 can compile in line; one
 * function for all, which called what differs, took a sixth longer for a line.
 */
type Lookup<Value> = (render: (value: Value) => string) => Atom;

/** What a client chose: a text or nothing. */
interface TextPart {
  readonly text: Lookup<unknown>;
  /** For what is missing; a dash without it. */
  readonly missing?: string;
}

interface NumberPart {
  readonly number: Lookup<number>;
  /** For 0; "0" without it. */
  readonly zero?: string;
}

/** An identifier of the format: what it means, and how its part of a line is made; `constant` is the same for all requests. */
export type AccessAtom = { readonly help: string } & (
  | TextPart
  | NumberPart
  | { readonly constant: string }
  | { readonly between: AtomBetween }
);

const MISSING = "-";

/** The identifiers of one letter, with what they mean. */
export const ACCESS_ATOMS: ReadonlyMap<string, AccessAtom> = new Map<string, AccessAtom>([
  ["h", { help: "address of the client", text: (render) => (entry) => render(entry.environ.REMOTE_ADDR) }],
  ["l", { help: '"-"', constant: MISSING }],
  ["u", { help: "user name", text: (render) => (entry) => render(userName(entry.environ)) }],
  ["t", { help: "time at which the request began", between: timestampBetween }],
  ["r", { help: "request line", between: requestLineBetween }],
  ["m", { help: "method", text: (render) => (entry) => render(entry.environ.REQUEST_METHOD), missing: "" }],
  ["U", { help: "path without the query", text: (render) => (entry) => render(pathOf(entry.environ)) }],
  ["q", { help: "query", text: (render) => (entry) => render(entry.environ.QUERY_STRING), missing: "" }],
  ["H", { help: "protocol", text: (render) => (entry) => render(entry.environ.SERVER_PROTOCOL), missing: "" }],
  [
    "s",
    {
      help: 'status, "-" when the client left before there was one',
      number: (render) => (entry) => render(entry.status),
      zero: MISSING,
    },
  ],
  ["B", { help: "bytes of the body", number: (render) => (entry) => render(entry.bodyBytes) }],
  [
    "b",
    {
      help: 'bytes of the body, "-" when there are none',
      number: (render) => (entry) => render(entry.bodyBytes),
      zero: MISSING,
    },
  ],
  ["f", { help: "referer", text: (render) => (entry) => render(entry.environ["HTTP_REFERER"]) }],
  ["a", { help: "user agent", text: (render) => (entry) => render(entry.environ["HTTP_USER_AGENT"]) }],
  ["T", { help: "duration in whole seconds", number: (render) => (entry) => render(wholeUnits(entry, 1e6)) }],
  ["M", { help: "duration in milliseconds", number: (render) => (entry) => render(wholeUnits(entry, 1e3)) }],
  [
    "D",
    {
      help: "duration in microseconds",
      number: (render) => (entry) => render(Math.round(entry.elapsedMicroseconds)),
    },
  ],
  ["L", { help: "duration in seconds, six decimals", between: secondsBetween }],
  ["p", { help: "process id", constant: `<${process.pid}>` }],
]);

/** The text of a constant identifier, or what makes the atom of another. */
export function partOf(atom: AccessAtom): string | AtomBetween {
  if ("constant" in atom) return atom.constant;
  if ("text" in atom) return textAtom(atom);
  return "number" in atom ? numberAtom(atom) : atom.between;
}

/** `{name}i`: a header of the request. */
export function requestHeaderAtom(name: string): AtomBetween {
  const wire = name.toUpperCase().replaceAll("-", "_");
  // These two have no HTTP_ in front (RFC 3875 section 4.1).
  const key = wire === "CONTENT_TYPE" || wire === "CONTENT_LENGTH" ? wire : `HTTP_${wire}`;
  return environAtom(key);
}

/** `{name}o`: a header of the response; several of one name are joined by commas. */
export function responseHeaderAtom(name: string): AtomBetween {
  const wanted = name.toLowerCase();
  return textAtom({ text: (render) => (entry) => render(findHeader(entry.responseHeaders, wanted)) });
}

/** `{name}e`: a variable of the environ, as text. */
export function environAtom(name: string): AtomBetween {
  return textAtom({ text: (render) => (entry) => render(textOf(entry.environ[name])) });
}

/** Escapes. */
function textAtom({ text, missing = MISSING }: TextPart): AtomBetween {
  return (before, after) => {
    const escaped = escapedBetween(before, after, escapeText);
    const missingBetween = before + missing + after;
    return text((value) => (typeof value === "string" && value !== "" ? escaped(value) : missingBetween));
  };
}

function numberAtom({ number, zero }: NumberPart): AtomBetween {
  return (before, after) => number(numberBetween(before, after, zero));
}

function secondsBetween(before: string, after: string): Atom {
  return ({ elapsedMicroseconds }) => before + (elapsedMicroseconds / 1e6).toFixed(6) + after;
}

function pathOf(environ: AccessEntry["environ"]): string {
  return environ.SCRIPT_NAME + environ.PATH_INFO;
}

function wholeUnits({ elapsedMicroseconds }: AccessEntry, microseconds: number): number {
  return Math.floor(elapsedMicroseconds / microseconds);
}

function textOf(value: unknown): unknown {
  if (typeof value === "string" || value === undefined || value === null) return value;
  try {
    return JSON.stringify(value);
  } catch {
    // A cycle, a BigInt, a toJSON that throws: a log line must not fail.
    return undefined;
  }
}

function timestampBetween(before: string, after: string): Atom {
  const render = accessTimestamp(before, after);
  return ({ startedAtMilliseconds }) => render(startedAtMilliseconds);
}

function requestLineBetween(before: string, after: string): Atom {
  const missing = before + MISSING + after;
  const lineOfGet = escapedBetween(`${before}GET `, ` HTTP/1.1${after}`, escapeText);
  return ({ environ }) => {
    const method = environ.REQUEST_METHOD;
    if (method === "") return missing; // refused before there was one
    const query = environ.QUERY_STRING;
    const target = environ.REQUEST_URI ?? pathOf(environ) + (query === "" ? "" : `?${query}`);
    const protocol = environ.SERVER_PROTOCOL;
    if (method === "GET" && protocol === "HTTP/1.1") return lineOfGet(target);
    return before + escapeText(`${method} ${target} ${protocol}`) + after;
  };
}

function findHeader(headers: HeaderList, wanted: string): string | undefined {
  let found: string | undefined;
  for (const [name, value] of headers) {
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** The authenticated user, or the name that the client claims in Basic credentials (RFC 7617), as gunicorn logs it. */
function userName(environ: AccessEntry["environ"]): string | undefined {
  const remoteUser = environ["REMOTE_USER"];
  if (typeof remoteUser === "string" && remoteUser !== "") return remoteUser;
  const authorization = environ["HTTP_AUTHORIZATION"];
  if (typeof authorization !== "string" || !/^basic /i.test(authorization)) return undefined;
  const credentials = Buffer.from(authorization.slice(6).trim(), "base64").toString("latin1");
  const colon = credentials.indexOf(":");
  return colon < 0 ? undefined : credentials.slice(0, colon);
}
