import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../../test/gateways/attempt.ts";
import { noVariables } from "../../../test/gateways/no-variables.ts";
import type { Variable } from "../../protocols/variables.ts";
import { type FrontRequest, readFrontRequest } from "./front-request.ts";

const DEFAULTS = { mount: null, trustRemoteUser: false };

type Understood = FrontRequest<ReturnType<typeof noVariables>>;

function read(given: Readonly<Record<string, string>> | readonly Variable[], options = {}): Understood {
  const pairs = Array.isArray(given) ? (given as readonly Variable[]) : Object.entries(given as Record<string, string>);
  const isSplit = pairs.some(([name]) => /^(?:SCRIPT_NAME|PATH_INFO|DOCUMENT_URI|REQUEST_URI)$/.test(name));
  const all: Variable[] = [["REQUEST_METHOD", "GET"], ...(isSplit ? [] : [["PATH_INFO", "/"] as const]), ...pairs];
  return readFrontRequest(all, { ...DEFAULTS, ...options }, noVariables());
}

// What nginx 1.22.1, Apache 2.4.71 and lighttpd 1.4.69 send, read from the wire.
//   nF  nginx, fastcgi_params              nS  with fastcgi_split_path_info ^(/app)(.*)$     nU  nginx, uwsgi_params
//   aP  Apache, ProxyPass / fcgi://        aU  ProxyPass / uwsgi://                          aA  ProxyPass /app uwsgi://
//   aM  Apache mounted at /app             li  lighttpd for "/app"
type Sent = { readonly S?: string; readonly P?: string };
const S = (script: string, info?: string): Sent => (info === undefined ? { S: script } : { S: script, P: info });
const P = (info: string): Sent => ({ P: info });

interface Row {
  readonly target: string;
  /** The whole path, decoded. */
  readonly path: string;
  readonly fronts: Readonly<Record<string, Sent>>;
  /** PATH_INFO below the mount /app; null where the path is outside of it. */
  readonly mounted: string | null;
}

const ROWS: readonly Row[] = [
  {
    target: "/app/x",
    path: "/app/x",
    mounted: "/x",
    fronts: {
      nF: S("/app/x"),
      nS: S("/app", "/x"),
      nU: P("/app/x"),
      aP: S("/app/x"),
      aU: S("", "/app/x"),
      aM: S("/app", "/x"),
    },
  },
  {
    target: "/app",
    path: "/app",
    mounted: "",
    fronts: {
      nF: S("/app"),
      nS: S("/app", ""),
      nU: P("/app"),
      aP: S("/app"),
      aU: S("", "/app"),
      aM: S("/app"),
      li: S("/app"),
    },
  },
  {
    target: "/app/a%2Fb",
    path: "/app/a/b",
    mounted: "/a/b",
    fronts: { nF: S("/app/a/b"), nS: S("/app", "/a/b"), nU: P("/app/a/b"), li: S("/app", "/a/b") },
  },
  {
    target: "/app/a%2Fb, not decoded by Apache",
    path: "/app/a%2Fb",
    mounted: "/a%2Fb",
    fronts: { aP: S("/app/a%2Fb"), aM: S("/app", "/a%2Fb") },
  },
  {
    target: "/app/a%0Ab",
    path: "/app/a\nb",
    mounted: "/a\nb",
    // The pattern of nS does not match: the source of CVE-2019-11043.
    fronts: {
      nF: S("/app/a\nb"),
      nS: S("/app/a\nb", ""),
      nU: P("/app/a\nb"),
      aP: S("/app/a\nb"),
      aM: S("/app", "/a\nb"),
    },
  },
  { target: "/app/%zz%4", path: "/app/%zz%4", mounted: "/%zz%4", fronts: { li: S("/app", "/%zz%4") } },
  {
    target: "/app/%C3%A9",
    path: "/app/\u00c3\u00a9",
    mounted: "/\u00c3\u00a9",
    fronts: {
      nF: S("/app/\u00c3\u00a9"),
      nS: S("/app", "/\u00c3\u00a9"),
      nU: P("/app/\u00c3\u00a9"),
      li: S("/app", "/\u00c3\u00a9"),
    },
  },
  {
    target: "/appx",
    path: "/appx",
    mounted: null,
    fronts: { nF: S("/appx"), nS: S("/app", "x"), nU: P("/appx"), aP: S("/appx"), aU: S("", "/appx"), li: S("/appx") },
  },
  {
    target: "/app;v=1/x",
    path: "/app;v=1/x",
    mounted: null,
    fronts: {
      nF: S("/app;v=1/x"),
      nS: S("/app", ";v=1/x"),
      nU: P("/app;v=1/x"),
      aP: S("/app;v=1/x"),
      li: S("/app;v=1", "/x"),
    },
  },
  { target: "/app behind ProxyPass /app uwsgi://", path: "/app/", mounted: "/", fronts: { aA: S("/app", "/") } },
  { target: "/app/ behind ProxyPass /app uwsgi://", path: "/app/", mounted: "/", fronts: { aA: S("/app/", "/") } },
  { target: "/", path: "/", mounted: null, fronts: { nF: S("/"), nU: P("/"), aP: S("/"), aU: S("", "/") } },
];

const CASES = ROWS.flatMap(({ fronts, ...row }) =>
  Object.entries(fronts).map(([front, sent]) => ({ ...row, front, sent })),
);

function sentBy({ sent }: { sent: Sent }): Record<string, string> {
  return {
    ...(sent.S === undefined ? {} : { SCRIPT_NAME: sent.S }),
    ...(sent.P === undefined ? {} : { PATH_INFO: sent.P }),
  };
}

describe("readFrontRequest: the path", () => {
  test.each(CASES)("$target from $front, whole", ({ path, ...row }) => {
    const { variables } = read(sentBy(row));
    expect(variables.SCRIPT_NAME + variables.PATH_INFO).toBe(path);
    expect(variables.SCRIPT_NAME).not.toMatch(/\/$/);
    expect(variables.PATH_INFO).toMatch(/^(?:\/|$)/);
    expect(read(sentBy(row), { mount: "" }).variables).toMatchObject({ SCRIPT_NAME: "", PATH_INFO: path });
  });

  test.each(CASES)("$target from $front, mounted at /app", ({ mounted, ...row }) => {
    const variables = attempt(() => read(sentBy(row), { mount: "/app" }).variables);
    expect(variables && [variables.SCRIPT_NAME, variables.PATH_INFO]).toEqual(
      mounted === null ? null : ["/app", mounted],
    );
  });

  test.each([
    [{ DOCUMENT_URI: "/a b", REQUEST_URI: "/a%20b?c" }, "/a b"],
    [{ REQUEST_URI: "/a%20b/%C3%A9?c=/d" }, "/a b/\u00c3\u00a9"],
    [{ REQUEST_URI: "http://o.net:81/app/q?x" }, "/app/q"],
    [{ REQUEST_URI: "http://o.net?x" }, ""],
    [{ PATH_INFO: "x" }, "/x"],
    [{ PATH_INFO: "" }, ""],
  ] as const)("of %j is %j", (variables, path) => {
    expect(read(variables).variables).toMatchObject({ SCRIPT_NAME: "", PATH_INFO: path });
  });

  test("says who has split it, so that a front that does both can be noticed", () => {
    expect(read({ SCRIPT_NAME: "/app", PATH_INFO: "/x" }).split).toBe("front");
    expect(read({ SCRIPT_NAME: "/app" }).split).toBe("nobody");
    expect(read({ SCRIPT_NAME: "/app" }, { mount: "/app" }).split).toBe("mount");
  });
});

describe("readFrontRequest: other variables", () => {
  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string | undefined>>]>([
    [
      "no body, nginx",
      { CONTENT_LENGTH: "", CONTENT_TYPE: "" },
      { CONTENT_LENGTH: undefined, CONTENT_TYPE: undefined },
    ],
    ["leading zeros", { CONTENT_LENGTH: "0005" }, { CONTENT_LENGTH: "5" }],
    ["a server without a name", { SERVER_NAME: "", HTTP_HOST: "a.example:81" }, { SERVER_NAME: "a.example" }],
    ["a server called _", { SERVER_NAME: "_", HTTP_HOST: "a.example" }, { SERVER_NAME: "a.example" }],
    [
      "HTTP/1.0 without Host",
      { SERVER_NAME: "", HTTP_HOST: "", SERVER_ADDR: "10.0.0.1" },
      { SERVER_NAME: "10.0.0.1", HTTP_HOST: undefined },
    ],
    [
      "nothing at all",
      {},
      { SERVER_NAME: "localhost", SERVER_PORT: "80", SERVER_PROTOCOL: "HTTP/1.0", QUERY_STRING: "" },
    ],
    ["https without a port", { HTTPS: "on", SERVER_PORT: "" }, { SERVER_PORT: "443" }],
    ["a protocol that is none", { SERVER_PROTOCOL: "INCLUDED" }, { SERVER_PROTOCOL: "HTTP/1.0" }],
    ["HTTP/2", { SERVER_PROTOCOL: "HTTP/2.0" }, { SERVER_PROTOCOL: "HTTP/2.0" }],
    ["a query in the target alone", { REQUEST_URI: "/a?b=c" }, { QUERY_STRING: "b=c" }],
    ["httpoxy", { HTTP_PROXY: "http://evil/" }, { HTTP_PROXY: undefined }],
    [
      "framing that is undone",
      { HTTP_TRANSFER_ENCODING: "chunked", HTTP_TE: "x", HTTP_CONNECTION: "x", HTTP_TRAILER: "x" },
      { HTTP_TRANSFER_ENCODING: undefined, HTTP_TE: undefined, HTTP_CONNECTION: undefined, HTTP_TRAILER: undefined },
    ],
    [
      "HTTP_CONTENT_LENGTH of lighttpd",
      { HTTP_CONTENT_LENGTH: "5" },
      { HTTP_CONTENT_LENGTH: undefined, CONTENT_LENGTH: undefined },
    ],
    ["X.Dot of lighttpd", { "HTTP_X.DOT": "1" }, { "HTTP_X.DOT": undefined }],
    [
      "REMOTE_USER, unchecked",
      { REMOTE_USER: "admin", AUTH_TYPE: "Basic" },
      { REMOTE_USER: undefined, AUTH_TYPE: undefined },
    ],
    [
      "keys of ours",
      { "wsgi.input": "x", "tsgi.signal": "x", http_proxy: "x" },
      { "wsgi.input": undefined, "tsgi.signal": undefined, http_proxy: undefined },
    ],
    [
      "what is kept",
      { DOCUMENT_ROOT: "/srv", REDIRECT_STATUS: "200", SSL_CLIENT_CERT: "a\nb", geo: "de" },
      { DOCUMENT_ROOT: "/srv", REDIRECT_STATUS: "200", SSL_CLIENT_CERT: "a\nb", geo: "de" },
    ],
    ["a peer on a unix socket", { REMOTE_ADDR: "unix:" }, { REMOTE_ADDR: "" }],
  ])("%s", (_, variables, expected) => {
    const seen = read(variables).variables as Readonly<Record<string, string | undefined>>;
    for (const [name, value] of Object.entries(expected)) expect([name, seen[name]]).toEqual([name, value]);
  });

  test("REMOTE_USER counts when it is trusted", () => {
    expect(read({ REMOTE_USER: "ann" }, { trustRemoteUser: true }).variables["REMOTE_USER"]).toBe("ann");
  });

  test.each([
    [{ HTTPS: "on" }, "https"],
    [{ HTTPS: "1" }, "https"],
    [{ HTTPS: "off" }, "http"],
    [{ HTTPS: "", REQUEST_SCHEME: "https" }, "https"],
    [{ REQUEST_SCHEME: "gopher" }, "http"],
  ] as const)("%j is %s", (variables, scheme) => {
    expect(read(variables).scheme).toBe(scheme);
  });

  test("a name twice: an administrator's word counts, a client's fields are joined, those of proxies are left out", () => {
    const { variables, areForwardedLeftOut } = read([
      ["DOCUMENT_ROOT", "/stock"],
      ["DOCUMENT_ROOT", "/mine"],
      ["HTTP_ACCEPT", "a"],
      ["HTTP_ACCEPT", "b"],
      ["HTTP_COOKIE", "c=1"],
      ["HTTP_COOKIE", "d=2"],
      ["HTTP_X_FORWARDED_FOR", "10.0.0.1"],
      ["HTTP_X_FORWARDED_FOR", "6.6.6.6"],
      ["HTTP_X_FORWARDED_FOR", "7.7.7.7"],
      ["HTTP_X_FORWARDED_PROTO", "https"],
    ]);
    expect(variables).toMatchObject({ DOCUMENT_ROOT: "/mine", HTTP_ACCEPT: "a, b", HTTP_COOKIE: "c=1; d=2" });
    expect(variables["HTTP_X_FORWARDED_FOR"]).toBeUndefined();
    expect([variables["HTTP_X_FORWARDED_PROTO"], areForwardedLeftOut]).toEqual(["https", true]);
  });

  test.each([
    ["5", "5", "5"],
    ["5", "005", "5"],
    ["5", "", undefined],
    ["", "5", "5"],
  ])("CONTENT_LENGTH %j and then %j is %j: an administrator may say that there is no body", (first, second, seen) => {
    const { variables } = read([
      ["CONTENT_LENGTH", first],
      ["CONTENT_LENGTH", second],
    ]);
    expect(variables["CONTENT_LENGTH"]).toBe(seen);
  });

  test("one host twice is the last, with the port that the administrator wants", () => {
    const { variables } = read([
      ["HTTP_HOST", "a.example"],
      ["HTTP_HOST", "A.example:81"],
    ]);
    expect(variables["HTTP_HOST"]).toBe("A.example:81");
  });

  test.each<[cut: boolean, front: string, ofClient: string, length: string]>([
    [true, "nginx", "5", "3"],
    [true, "nginx", "5", "0"],
    [false, "nginx", "3", "3"],
    [false, "nginx", "0003", "3"],
    [false, "nginx", "3", "5"],
    [false, "nginx", "5", ""],
    [false, "nginx", "5e9", "3"],
    [false, "lighttpd", "5", "3"],
  ])("says %s of a body that is cut: %s, %j of the client, %j announced", (isCut, front, ofClient, length) => {
    const lengths = { HTTP_CONTENT_LENGTH: ofClient, CONTENT_LENGTH: length };
    const pairs = front === "nginx" ? { ...lengths, DOCUMENT_URI: "/x" } : lengths;
    const { variables, ...request } = read(pairs);
    expect([request.isCut, "HTTP_CONTENT_LENGTH" in variables]).toEqual([isCut, false]);
  });

  test("says that the client sent chunks", () => {
    expect(read({ HTTP_TRANSFER_ENCODING: "chunked" })).toMatchObject({ isChunked: true, contentLength: -1 });
  });

  test.each<[string, readonly Variable[]]>([
    [
      "two hosts",
      [
        ["HTTP_HOST", "a"],
        ["HTTP_HOST", "b"],
      ],
    ],
    ["a host with a path", [["HTTP_HOST", "a/b"]]],
    ["a length that is none", [["CONTENT_LENGTH", "2x"]]],
    ["a length of 16 digits", [["CONTENT_LENGTH", "1".repeat(16)]]],
    ["a negative length", [["CONTENT_LENGTH", "-1"]]],
    ["a method that is no token", [["REQUEST_METHOD", "GE T"]]],
    ["no method", [["REQUEST_METHOD", ""]]],
    ["a line break in a field", [["HTTP_X", "a\r\nB: c"]]],
    ["a line break in the target", [["REQUEST_URI", "/\n"]]],
    ["a NUL in a path", [["PATH_INFO", "/a\0b"]]],
    ["an encoded NUL", [["REQUEST_URI", "/a%00b"]]],
    ["a field's name in lower case", [["HTTP_x", "1"]]],
    ["a field's name with a space", [["HTTP_X Y", "1"]]],
    ["an empty name", [["", "1"]]],
    ["a line break in a name", [["A\nB", "1"]]],
  ])("%s is refused", (_, pairs) => {
    expect(() => read(pairs)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test("no path at all is refused", () => {
    expect(() => readFrontRequest([["REQUEST_METHOD", "GET"]], DEFAULTS, noVariables())).toThrow(/has no path/);
  });

  test("whatever comes, it is understood or refused with a GatewayProtocolError", () => {
    const name = fc.oneof(
      fc.constantFrom(
        "SCRIPT_NAME",
        "PATH_INFO",
        "REQUEST_URI",
        "HTTP_HOST",
        "CONTENT_LENGTH",
        "__proto__",
        "constructor",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
        const variables = attempt(() => read(pairs).variables) ?? {};
        expect(Object.getPrototypeOf(variables)).toBe(Object.prototype);
        expect(Object.values(variables).every((value) => typeof value === "string")).toBe(true);
      }),
    );
  });
});
