// What a format of the access log may contain. Source: gunicorn's table of identifiers (setting access_log_format), which extends
// Apache's. Everything that a client chose is escaped; what is missing is written as "-".
import type { AccessEntry } from "../../gateways/http/access-entry.ts";
import type { HeaderList } from "../../wsgi/types.ts";
import { escapeText } from "./escape-text.ts";
import { accessTimestamp } from "./timestamp.ts";

/** Renders one part of a line. */
export type Atom = (entry: AccessEntry) => string;

/** An identifier of the format: what it means, and how it is rendered. */
export interface AccessAtom {
  readonly help: string;
  readonly render: Atom;
}

const MISSING = "-";
const PROCESS_ID = `<${process.pid}>`;
const beginning = timestampBetween("", "");
const statusText = statusBetween("", "");

/** The identifiers of one letter, with what they mean. */
export const ACCESS_ATOMS: ReadonlyMap<string, AccessAtom> = new Map<string, AccessAtom>([
  ["h", { help: "address of the client", render: ({ environ }) => orMissing(environ.REMOTE_ADDR) }],
  ["l", { help: '"-"', render: missing }],
  [
    "u",
    { help: "user name", render: ({ environ }) => userName(environ["REMOTE_USER"], environ["HTTP_AUTHORIZATION"]) },
  ],
  ["t", { help: "time at which the request began", render: beginning }],
  ["r", { help: "request line", render: ({ environ }) => requestLine(environ) }],
  ["m", { help: "method", render: ({ environ }) => escapeText(environ.REQUEST_METHOD) }],
  [
    "U",
    { help: "path without the query", render: ({ environ }) => orMissing(environ.SCRIPT_NAME + environ.PATH_INFO) },
  ],
  ["q", { help: "query", render: ({ environ }) => escapeText(environ.QUERY_STRING) }],
  ["H", { help: "protocol", render: ({ environ }) => escapeText(environ.SERVER_PROTOCOL) }],
  ["s", { help: 'status, "-" when the client left before there was one', render: statusText }],
  ["B", { help: "bytes of the body", render: ({ bodyBytes }) => String(bodyBytes) }],
  [
    "b",
    {
      help: 'bytes of the body, "-" when there are none',
      render: ({ bodyBytes }) => (bodyBytes === 0 ? MISSING : String(bodyBytes)),
    },
  ],
  ["f", { help: "referer", render: ({ environ }) => orMissing(environ["HTTP_REFERER"]) }],
  ["a", { help: "user agent", render: ({ environ }) => orMissing(environ["HTTP_USER_AGENT"]) }],
  [
    "T",
    {
      help: "duration in whole seconds",
      render: ({ elapsedMicroseconds }) => String(Math.floor(elapsedMicroseconds / 1e6)),
    },
  ],
  [
    "M",
    {
      help: "duration in milliseconds",
      render: ({ elapsedMicroseconds }) => String(Math.floor(elapsedMicroseconds / 1e3)),
    },
  ],
  [
    "D",
    { help: "duration in microseconds", render: ({ elapsedMicroseconds }) => String(Math.round(elapsedMicroseconds)) },
  ],
  [
    "L",
    {
      help: "duration in seconds, six decimals",
      render: ({ elapsedMicroseconds }) => (elapsedMicroseconds / 1e6).toFixed(6),
    },
  ],
  ["p", { help: "process id", render: processId }],
]);

/** Atoms that give the same for all requests. */
export const CONSTANT_ATOMS: ReadonlySet<Atom> = new Set([missing, processId]);

/** Atoms that keep their few texts, each with what makes one that keeps them between two literals. */
export const KEEPING_ATOMS: ReadonlyMap<Atom, (before: string, after: string) => Atom> = new Map([
  [beginning, timestampBetween],
  [statusText, statusBetween],
]);

/** `{name}i`: a header of the request. */
export function requestHeaderAtom(name: string): Atom {
  const wire = name.toUpperCase().replaceAll("-", "_");
  // These two have no HTTP_ in front (RFC 3875 section 4.1).
  const key = wire === "CONTENT_TYPE" || wire === "CONTENT_LENGTH" ? wire : `HTTP_${wire}`;
  return environAtom(key);
}

/** `{name}o`: a header of the response; several of one name are joined by commas. */
export function responseHeaderAtom(name: string): Atom {
  const wanted = name.toLowerCase();
  return ({ responseHeaders }) => orMissing(findHeader(responseHeaders, wanted));
}

/** `{name}e`: a variable of the environ, as text. */
export function environAtom(name: string): Atom {
  return ({ environ }) => {
    const value = environ[name];
    return orMissing(typeof value === "string" || value === undefined || value === null ? value : textOf(value));
  };
}

function missing(): string {
  return MISSING;
}

function processId(): string {
  return PROCESS_ID;
}

function orMissing(text: unknown): string {
  return typeof text === "string" && text !== "" ? escapeText(text) : MISSING;
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // A cycle, a BigInt, a toJSON that throws: a log line must not fail.
    return "";
  }
}

function timestampBetween(before: string, after: string): Atom {
  const render = accessTimestamp(before, after);
  return ({ startedAtMilliseconds }) => render(startedAtMilliseconds);
}

/** A status has three digits, so there are at most a thousand texts. */
function statusBetween(before: string, after: string): Atom {
  const texts: string[] = [];
  return ({ status }) => (texts[status] ??= before + (status === 0 ? MISSING : String(status)) + after);
}

function requestLine(environ: AccessEntry["environ"]): string {
  if (environ.REQUEST_METHOD === "") return MISSING; // refused before there was one
  const query = environ.QUERY_STRING;
  const target = environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO + (query === "" ? "" : `?${query}`);
  const protocol = environ.SERVER_PROTOCOL;
  const end = protocol === "HTTP/1.1" ? " HTTP/1.1" : ` ${escapeText(protocol)}`;
  return `${escapeText(environ.REQUEST_METHOD)} ${escapeText(target)}${end}`;
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
function userName(remoteUser: unknown, authorization: unknown): string {
  if (typeof remoteUser === "string" && remoteUser !== "") return escapeText(remoteUser);
  if (typeof authorization !== "string" || !/^basic /i.test(authorization)) return MISSING;
  const credentials = Buffer.from(authorization.slice(6).trim(), "base64").toString("latin1");
  const colon = credentials.indexOf(":");
  return orMissing(colon < 0 ? "" : credentials.slice(0, colon));
}
