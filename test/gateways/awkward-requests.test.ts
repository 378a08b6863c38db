// Requests that fronts understand in different ways, through real ones: by each of their protocols the application sees what the table says.
// What the fronts send is a table of src/gateways/front/front-request.test.ts; here it is seen that they do.
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { program } from "../needs.ts";
import { type AllFronts, openFronts } from "./all-fronts.ts";

const nginx = program("nginx");
const apache = program("apache2");
const lighttpd = program("lighttpd");

/** What the application sees, or the status of an answer that is not its own. */
type Seen = string | number;

/** @param exceptions - by beginnings or ends of names such as `apache uwsgi`; the first that fits counts */
type Row = readonly [what: string, usual: Seen, exceptions?: Readonly<Record<string, Seen>>];

/** PATH_INFO for each target; SCRIPT_NAME is /app. Behind proxies that speak HTTP, TSGI is told that it is at /app and takes the path as it is. */
const TARGETS: readonly Row[] = [
  ["/app/x", "/x"],
  ["/app", ""],
  ["/app/", "/"],
  ["/app/a%20b", "/a b"],
  ["/app/a+b", "/a+b"],
  ["/app/%C3%A9", "/\u00c3\u00a9"],
  // No URI has bytes above 127.
  ["/app/\u00e9", "/\u00e9", { "nginx http": 400, "apache http": 400 }],
  ["/app/x;v=1", "/x;v=1"],
  ["/%61pp/x", "/x"],
  // A slash that is decoded is one like all others; Apache leaves it encoded, and its uwsgi decodes twice.
  ["/app/a%2Fb", "/a/b", { "apache uwsgi": 500, "apache http": "/a/b", apache: "/a%2Fb" }],
  ["/app/a%252Fb", "/a%2Fb", { "apache uwsgi": 500 }],
  ["//app//a", "/a", { "nginx http": "//app//a" }],
  ["/app/x/%2e%2e/y", "/y", { "nginx http": "/x/../y", "apache http": "/x/../y" }],
  ["/app/../../etc", 400, { "lighttpd http": "/etc", lighttpd: 404 }],
  ["/app/a%00b", 400, { apache: 404 }],
  ["/app/a%0Ab", "/a\nb", { lighttpd: 400 }],
  ["/app/%zz%4", 400, { lighttpd: "/%zz%4" }],
  // Beside the mount: what only looks like a path below it is another's.
  ["/appx", 404, { http: "/appx" }],
  ["/app;v=1/x", 404, { http: "/app;v=1/x" }],
  // Another host in the target than in the Host header: gateways believe neither.
  ["http://o.net:81/app/q", "/q", { "nginx http": "/q", nginx: 400, lighttpd: 400 }],
];

const QUERIES: readonly Row[] = [
  ["/app/x?", ""],
  ["/app/x?a=1&b=%20?c", "a=1&b=%20?c"],
  ["/app/x??", "?"],
  ["/app/x?%2f..%00", "%2f..%00", { lighttpd: 400 }],
];

const FIELDS = [
  "Host: A.net:88",
  "Proxy: http://evil/",
  "Authorization: Basic YTpi",
  "X_Under: 1",
  "X-Twice: a",
  "X-Twice: b",
  "Cookie: c=1",
  "Cookie: d=2",
  "X-Empty:",
  "TE: trailers",
  "Content_Length: 5",
].join("\r\n");

/** Variables of a request with these fields; "-" where it has none. */
const VARIABLES: readonly Row[] = [
  ["HTTP_HOST", "A.net:88", { lighttpd: "a.net:88" }],
  ["SERVER_NAME", "a.net", { http: "127.0.0.1" }],
  // Over HTTP it is a header like all others, and no variable of a process.
  ["HTTP_PROXY", "-", { "nginx http": "http://evil/", "apache http": "http://evil/" }],
  ["HTTP_AUTHORIZATION", "Basic YTpi"],
  ["REMOTE_USER", "-"],
  ["HTTP_X_UNDER", "-", { "lighttpd http": "-", lighttpd: "1" }],
  ["HTTP_X_TWICE", "a, b"],
  ["HTTP_COOKIE", "c=1; d=2", { apache: "c=1, d=2" }],
  ["HTTP_X_EMPTY", "", { lighttpd: "-" }],
  ["HTTP_TE", "-", { "lighttpd http": "trailers" }],
  ["HTTP_CONTENT_LENGTH", "-"],
  ["wsgi.url_scheme", "http"],
];

/** Lengths of bodies, as the application read them. */
const BODIES: readonly Row[] = [
  [
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
    5,
    { "apache scgi": -411, "apache uwsgi": -411 },
  ],
  ["Content-Length: 0003\r\n\r\nabc", 3],
  ["\r\n", 0, { lighttpd: -411 }],
];

function named(rows: readonly Row[]): (readonly [string, Row])[] {
  return rows.map((row) => [row[0], row]);
}

function expected([, usual, exceptions = {}]: Row, front: string): Seen {
  const found = Object.keys(exceptions).find((name) => front.startsWith(name) || front.endsWith(` ${name}`));
  return found === undefined ? usual : (exceptions[found] ?? usual);
}

const mirror: WSGIApplication = async (environ, startResponse) => {
  const length = (await environ["wsgi.input"].read()).length;
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  const strings = Object.entries(environ).filter(([, value]) => typeof value === "string");
  return [Buffer.from(JSON.stringify({ ...Object.fromEntries(strings), length }), "latin1")];
};

describe.skipIf(nginx === undefined || apache === undefined || lighttpd === undefined)("through real fronts", () => {
  let fronts: AllFronts;
  beforeAll(async () => {
    const programs = { nginx: nginx ?? "", apache: apache ?? "", lighttpd: lighttpd ?? "" };
    const opened = await openFronts(programs, { mount: "/app", http: { scriptName: "/app" } });
    const { "lighttpd root": _, ...ports } = opened.ports;
    fronts = { ...opened, ports };
    fronts.served.application = mirror;
  });
  afterAll(() => fronts.close());

  /** Asks every front. @param look - what is compared, of what the application saw */
  async function ask(
    head: string,
    look: (seen: Readonly<Record<string, string | number>>) => Seen,
    status: (code: number) => number = (code) => code,
  ): Promise<Record<string, Seen>> {
    const found: Record<string, Seen> = {};
    for (const [name, port] of Object.entries(fronts.ports)) {
      const { text } = await rawRequest({ host: "127.0.0.1", port }, head);
      const [, code = ""] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
      const json = /\r\n\r\n(?:[\da-f]+\r\n)?(\{.*\})/s.exec(text)?.[1];
      found[name] =
        code === "200" && json !== undefined
          ? look(JSON.parse(json) as Record<string, string | number>)
          : status(Number(code));
    }
    return found;
  }

  function all(row: Row): Record<string, Seen> {
    return Object.fromEntries(Object.keys(fronts.ports).map((name) => [name, expected(row, name)]));
  }

  const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a.net\r\nConnection: close\r\n\r\n`;

  test.each(named(TARGETS))("the path of %s", async (what, row) => {
    const found = await ask(get(what), (seen) =>
      seen["SCRIPT_NAME"] === "/app" ? (seen["PATH_INFO"] ?? "") : `mounted at ${String(seen["SCRIPT_NAME"])}`,
    );
    expect(found).toEqual(all(row));
  });

  test.each(named(QUERIES))("the query of %s", async (what, row) => {
    expect(await ask(get(what), (seen) => seen["QUERY_STRING"] ?? "none")).toEqual(all(row));
  });

  test.each(named(VARIABLES))("the variable %s", async (what, row) => {
    const head = `GET /app/x HTTP/1.1\r\n${FIELDS}\r\nConnection: close\r\n\r\n`;
    expect(await ask(head, (seen) => seen[what] ?? "-")).toEqual(all(row));
  });

  test.each(named(BODIES))("a body after %j", async (what, row) => {
    const head = `POST /app/x HTTP/1.1\r\nHost: a.net\r\nConnection: close\r\n${what}`;
    expect(
      await ask(
        head,
        (seen) => seen["length"] ?? "none",
        (code) => -code,
      ),
    ).toEqual(all(row));
  });
});
