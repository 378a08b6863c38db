// What the environ says of the request. Source: PEP 3333 "environ Variables"; RFC 3875 section 4.1.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { answeringJson, type ConformanceCase } from "./conformance-case.ts";

/** Answers with each string of the environ, and the types of the rest. */
const mirror = answeringJson((environ) =>
  Object.fromEntries(
    Object.entries(environ).map(([key, value]) => [key, typeof value === "string" ? value : { type: typeof value }]),
  ),
);

type Mirrored = Record<string, string>;

/** A case in which one request gives certain strings. */
function mirrorCase(
  name: string,
  address: string,
  expected: Mirrored,
  headers: [string, string][] = [],
): ConformanceCase {
  return {
    name,
    app: mirror,
    async exercise(client) {
      const environ = (await client.get(address, { headers })).json<Mirrored>();
      for (const [key, value] of Object.entries(expected)) equal(environ[key], value, key);
    },
  };
}

export const environCases: readonly ConformanceCase[] = [
  {
    name: "REQUEST_METHOD is the method",
    app: mirror,
    async exercise(client) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        equal((await client.request(method, "/")).json<Mirrored>()["REQUEST_METHOD"], method);
      }
    },
  },
  {
    name: "A method that the gateway does not know is the application's to judge",
    breaksContract: true,
    app: mirror,
    async exercise(client) {
      for (const method of ["PROPFIND", "M-SEARCH"]) {
        equal((await client.request(method, "/")).json<Mirrored>()["REQUEST_METHOD"], method);
      }
    },
  },
  {
    name: "The environ has all keys that PEP 3333 requires, of their types",
    app: answeringJson((environ) => ({
      version: environ["wsgi.version"],
      scheme: environ["wsgi.url_scheme"],
      flags: [environ["wsgi.multithread"], environ["wsgi.multiprocess"], environ["wsgi.run_once"]].map(
        (flag) => typeof flag,
      ),
      protocol: environ.SERVER_PROTOCOL,
      port: environ.SERVER_PORT,
      name: environ.SERVER_NAME,
      reads: typeof environ["wsgi.input"].read,
      writes: typeof environ["wsgi.errors"].write,
    })),
    async exercise(client) {
      const facts = (await client.get("/")).json<Record<string, unknown>>();
      deepEqual(facts["version"], [1, 0]);
      ok(["http", "https"].includes(String(facts["scheme"])));
      deepEqual(facts["flags"], ["boolean", "boolean", "boolean"]);
      match(String(facts["protocol"]), /^HTTP\/\d(\.\d)?$/);
      match(String(facts["port"]), /^\d+$/);
      ok(String(facts["name"]).length > 0);
      deepEqual([facts["reads"], facts["writes"]], ["function", "function"]);
    },
  },
  mirrorCase("PATH_INFO is the path, SCRIPT_NAME empty at the root", "/a/b", { PATH_INFO: "/a/b", SCRIPT_NAME: "" }),
  mirrorCase("The root is a slash", "/", { PATH_INFO: "/" }),
  mirrorCase("PATH_INFO is percent-decoded once", "/a%20b%2520c%3Fd", { PATH_INFO: "/a b%20c?d" }),
  mirrorCase("PATH_INFO holds UTF-8 as native strings", "/caf%C3%A9/%E2%82%AC", {
    PATH_INFO: "/caf\u00c3\u00a9/\u00e2\u0082\u00ac",
  }),
  mirrorCase("PATH_INFO keeps bytes that are not UTF-8", "/%FF%FE", { PATH_INFO: "/\u00ff\u00fe" }),
  mirrorCase("QUERY_STRING stays encoded", "/?a=%20b&c=%C3%A9+d&&e", { QUERY_STRING: "a=%20b&c=%C3%A9+d&&e" }),
  mirrorCase("QUERY_STRING may hold question marks", "/?a?b=c?", { QUERY_STRING: "a?b=c?" }),
  mirrorCase("Without a query QUERY_STRING is empty", "/", { QUERY_STRING: "" }),
  mirrorCase("REQUEST_URI is the target as it was sent", "/a%20b/%c3%A9?x=%20", { REQUEST_URI: "/a%20b/%c3%A9?x=%20" }),
  mirrorCase("Header fields are HTTP_ variables", "/", { HTTP_X_SOME_FIELD: "a, b; c", HTTP_ACCEPT: "*/*" }, [
    ["X-Some-Field", "a, b; c"],
    ["ACCEPT", "*/*"],
  ]),
  mirrorCase("A header field that comes twice is joined by a comma", "/", { HTTP_X_TWICE: "1, 2" }, [
    ["X-Twice", "1"],
    ["x-twice", "2"],
  ]),
  mirrorCase("Cookies arrive as HTTP_COOKIE", "/", { HTTP_COOKIE: "a=1; b=2" }, [["Cookie", "a=1; b=2"]]),
  mirrorCase("A header value beyond ASCII is the same latin-1 bytes", "/", { HTTP_X_NAME: "caf\u00e9" }, [
    ["X-Name", "caf\u00e9"],
  ]),
  mirrorCase("HTTP_HOST is what the client asked for", "/", { HTTP_HOST: "shop.test:8080" }, [
    ["Host", "shop.test:8080"],
  ]),
  {
    name: "A header with an underscore cannot forge another variable",
    app: mirror,
    async exercise(client) {
      const headers: [string, string][] = [
        ["X_Forged", "yes"],
        ["X-True", "yes"],
      ];
      const environ = (await client.get("/", { headers })).json<Mirrored>();
      deepEqual([environ["HTTP_X_FORGED"], environ["HTTP_X_TRUE"]], [undefined, "yes"]);
    },
  },
  {
    name: "CONTENT_TYPE and CONTENT_LENGTH come without the prefix",
    app: mirror,
    async exercise(client) {
      const environ = (await client.post("/", { body: "abc", headers: { "Content-Type": "text/x" } })).json<Mirrored>();
      deepEqual([environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]], ["text/x", "3"]);
      deepEqual([environ["HTTP_CONTENT_TYPE"], environ["HTTP_CONTENT_LENGTH"]], [undefined, undefined]);
    },
  },
  {
    name: "What a middleware adds to the environ of one request is not in the next",
    app: (environ, startResponse) => {
      const before = environ["example.mark"];
      environ["example.mark"] = "left behind";
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      return [Buffer.from(JSON.stringify(before ?? null))];
    },
    async exercise(client) {
      for (let round = 0; round < 3; round += 1) equal((await client.get("/")).json(), null);
    },
  },
];
