// What clients send is read in time that grows with its length. The texts are thirty times as long as the longest field, so that a reader
// whose time grows with the square takes minutes, and one whose time grows with the length takes milliseconds on any machine. Those that
// take longest where they are short are read at full length; time is what the processor spent, whatever else it has to do.
import { expect, test } from "vitest";

import { matchesGlob } from "../cli/glob.ts";
import { parseForwarded, readPrefix, splitList, walk } from "../http/forwarded-fields.ts";
import { CHUNK_EXTENSION } from "../http/grammar.ts";
import { isHost } from "../http/host.ts";
import { parseHost } from "../http/host.ts";
import { parseTarget } from "../http/target.ts";
import { mockEnviron } from "../testing/mock-environ.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { requestUri, shiftPathInfo } from "../wsgi/url.ts";
import { negotiateCoding } from "./writing/accept-encoding.ts";
import { allowedHosts } from "./allowed-hosts.ts";
import { answering } from "./writing/answer.ts";
import { credentialsOf, parseAuthParameters } from "./auth/authorization.ts";
import { matchesEtag, parseHttpDate } from "./conditional-get.ts";
import { cors } from "./cors.ts";
import { csrf } from "./csrf.ts";
import { methodOverride } from "./method-override.ts";
import { prefersJson } from "./error-documents/prefers-json.ts";
import { requestId } from "./request-id.ts";
import { parseDirectives } from "./response-cache/freshness.ts";
import { selector } from "./selector.ts";
import { headerRules } from "./static/header-rules.ts";
import { requestedRange } from "./static/byte-range.ts";
import { traceparent } from "./traceparent.ts";
import { urlMap } from "./url-map.ts";
import { virtualHost } from "./virtual-host.ts";

const LENGTH = 262_144;
const SHORT_LENGTH = LENGTH / 16;
const READ_WHOLE = 6;
const MOST_MILLISECONDS = 5000;

/** Writes a text of about this length. */
type Text = (length: number) => string;

const repeated =
  (start: string, unit: string, end: string): Text =>
  (length) =>
    start + unit.repeat(length / unit.length) + end;

/** Beginning, what is repeated, and end: the ways in which patterns go back. */
const TEXTS = [
  "a",
  " ",
  "\t",
  ",",
  ";",
  '"',
  "\\",
  "/",
  "=",
  "%41",
  "a ",
  "a,",
  ", ",
  'a="',
  '="a',
  ";q=0 ",
  "a;q=0.",
  "/a",
  "1:",
  "a.",
]
  .flatMap((unit) => ["", "a", "Basic a", 'for="', "/", "[", ";a="].map((start) => [start, unit] as const))
  .flatMap(([start, unit]) => ["", "\u0001", '"x'].map((end) => repeated(start, unit, end)));

const asHeader = (name: string, text: string): ReturnType<typeof mockEnviron> =>
  Object.assign(mockEnviron(), { [name]: text });

/** Paths are read by machines that take longer for a character, so there are fewer of them. */
const PATHS = ["a", "/", "-", "a-", "a.", "1.", "11", "%41"].flatMap((unit) =>
  ["", "\u0001"].map((end) => repeated("", unit, end)),
);

/** Gives a text to an application as one field of a request. */
const asking =
  (application: WSGIApplication, key: string, others: Readonly<Record<string, string>> = {}) =>
  (text: string): unknown =>
    application(Object.assign(mockEnviron(), others, { [key]: text }), () => () => {});

const answer = answering({ status: 200 });
const route = (path: string): WSGIApplication => selector({ routes: [{ path, methods: { GET: answer } }] });
const rules = headerRules({ "*a*a*a*a*b": { "X-A": "a" }, "/**a**a**a**b": { "X-B": "b" } });
const hosts = urlMap([{ path: "/a", domain: "a.example", application: answer }]);

test.each<[string, (text: string) => unknown]>([
  ["Accept-Encoding", (text) => negotiateCoding(asHeader("HTTP_ACCEPT_ENCODING", text), ["br", "gzip"])],
  ["Authorization", (text) => credentialsOf(asHeader("HTTP_AUTHORIZATION", text), "basic")],
  ["parameters of Authorization", (text) => parseAuthParameters(text)],
  ["Cache-Control", (text) => parseDirectives(text)],
  ["If-None-Match", (text) => matchesEtag(text, '"x"', "weak")],
  ["If-Modified-Since", (text) => parseHttpDate(text)],
  ["X-Forwarded-For", (text) => walk(splitList(text), () => true)],
  ["X-Forwarded-Prefix", (text) => readPrefix(text)],
  ["Forwarded", (text) => parseForwarded(text)],
  ["Host", (text) => [isHost(text), parseHost(text)]],
  ["the request target", (text) => ignoringErrors(() => parseTarget("GET", text))],
  ["Host of url-map", asking(hosts, "HTTP_HOST", { PATH_INFO: "/a" })],
  ["Host of virtual-host", severalTimes(asking(virtualHost({ hosts: { "*.b.example": answer } }), "HTTP_HOST"))],
  ["Host of allowed-hosts", severalTimes(asking(allowedHosts({ hosts: [".b.example"] })(answer), "HTTP_HOST"))],
  ["Cookie", asking(csrf()(answer), "HTTP_COOKIE")],
  ["Origin", asking(cors({ origins: ["https://*.a.example"] })(answer), "HTTP_ORIGIN")],
  [
    "Access-Control-Request-Headers",
    asking(cors({ origins: ["*"] })(answer), "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", {
      REQUEST_METHOD: "OPTIONS",
      HTTP_ORIGIN: "https://a.example",
      HTTP_ACCESS_CONTROL_REQUEST_METHOD: "PUT",
    }),
  ],
  [
    "X-HTTP-Method-Override",
    asking(methodOverride()(answer), "HTTP_X_HTTP_METHOD_OVERRIDE", { REQUEST_METHOD: "POST" }),
  ],
  ["Content-Type", asking(csrf()(answer), "CONTENT_TYPE", { REQUEST_METHOD: "POST" })],
  ["traceparent", asking(traceparent()(answer), "HTTP_TRACEPARENT")],
  ["X-Request-Id", asking(requestId()(answer), "HTTP_X_REQUEST_ID")],
  ["Accept", (text) => prefersJson(asHeader("HTTP_ACCEPT", `${text.slice(0, LENGTH / 8)},application/json`))],
  ["Range", (text) => requestedRange(asHeader("HTTP_RANGE", text), 1000, null)],
  ["chunk extensions", (text) => CHUNK_EXTENSION.test(text)],
])("%s is read in time that grows with its length", (_name, read) => {
  expect(slowOnes(TEXTS, read)).toEqual([]);
});

test.each<[string, (text: string) => unknown]>([
  ["the path in its URL", (text) => requestUri(asHeader("PATH_INFO", text))],
  ["the segment of a path", (text) => shiftPathInfo({ SCRIPT_NAME: "", PATH_INFO: `/${text}` })],
  ["the path of a route of dates", asking(route("[/]{year}-{month}-{day}"), "PATH_INFO")],
  ["the path of a route of dots", asking(route("{:any}.{:any}[.{:any}[.{:segment}]].x"), "PATH_INFO")],
  ["the path of a route of letters", asking(route("{:any}a{:word}a{:segment}[a{:any}]a|"), "PATH_INFO")],
  ["the path of a route of numbers", asking(route("{:number}{:number}1:{:number}"), "PATH_INFO")],
  ["the name of a file with headers", (text) => rules?.([], [text])],
  ["the name of a watched file", (text) => matchesGlob(text, "/**/*a*a*a*b")],
  ["the path of url-map", asking(hosts, "PATH_INFO")],
])("%s is read in time that grows with its length", (_name, read) => {
  expect(slowOnes(PATHS, read)).toEqual([]);
});

/** The beginnings of the texts that take too long. */
function slowOnes(texts: readonly Text[], read: (text: string) => unknown): string[] {
  const cost = (text: string): number => {
    const start = process.cpuUsage();
    read(text);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  const slowest = texts
    .map((text) => ({ text, milliseconds: cost(text(SHORT_LENGTH)) }))
    .toSorted((one, other) => other.milliseconds - one.milliseconds)
    .slice(0, READ_WHOLE);
  return slowest
    .map(({ text }) => text(LENGTH))
    .filter((text) => cost(text) > MOST_MILLISECONDS)
    .map((text) => text.slice(0, 20));
}

function ignoringErrors(act: () => unknown): void {
  try {
    act();
  } catch {
    // A refusal is an answer too.
  }
}

/** For readers whose square shows below the length from which V8 hashes a text by its length alone, which is 16,383. */
function severalTimes(read: (text: string) => unknown): (text: string) => void {
  return (text) => {
    for (let count = 0; count < 40; count += 1) read(text.slice(0, 16_000));
  };
}
