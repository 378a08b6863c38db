// Applications that fail or break the contract. Source: PEP 3333 "Error Handling", "Handling the Content-Length Header".

import { deepEqual, equal, ok } from "node:assert/strict";
import type { HeaderList, WSGIApplication, WSGIBody } from "../../wsgi/types.ts";
import { bytes, type ConformanceCase, PLAIN } from "./conformance-case.ts";

const SECRET = "a secret of the application";

/** A case in which nothing was sent yet, so that the client gets a clean 500 that tells nothing, and the next request is served. */
function cleanErrorCase(name: string, app: WSGIApplication, breaksContract = false): ConformanceCase {
  return {
    name: `${name} gives a 500`,
    app: unlessFine(app),
    breaksContract,
    async exercise(client) {
      for (const method of ["GET", "POST"]) {
        const response = await client.request(method, "/");
        deepEqual([response.status, response.isComplete], [500, true]);
        ok(!response.text().includes(SECRET), "the answer tells the secret");
        equal(response.headers.has("X-Injected"), false);
      }
      equal((await client.get("/fine")).text(), "fine");
    },
  };
}

/** A case in which bytes have left already, so that the connection breaks. */
function brokenCase(name: string, app: WSGIApplication, breaksContract = false): ConformanceCase {
  return {
    name: `${name} breaks the answer off`,
    needs: ["break-off"],
    app: unlessFine(app),
    breaksContract,
    async exercise(client) {
      const response = await client.get("/");
      deepEqual([response.status, response.isComplete], [200, false]);
      ok("begun".startsWith(response.text()), `unexpected body ${JSON.stringify(response.text())}`);
      equal((await client.get("/fine")).text(), "fine");
    },
  };
}

function unlessFine(app: WSGIApplication): WSGIApplication {
  return (environ, startResponse) => {
    if (environ.PATH_INFO !== "/fine") return app(environ, startResponse);
    startResponse("200 OK", [PLAIN]);
    return [bytes("fine")];
  };
}

function announcing(status: unknown, headers: HeaderList): WSGIApplication {
  return (_, startResponse) => {
    startResponse(status as string, headers);
    return [bytes("x")];
  };
}

export const errorCases: readonly ConformanceCase[] = [
  cleanErrorCase("An application that throws", () => {
    throw new Error(SECRET);
  }),
  cleanErrorCase("An application that throws something other than an Error", () => {
    throw SECRET;
  }),
  cleanErrorCase("An application that rejects", async () => {
    throw new Error(SECRET);
  }),
  cleanErrorCase("Throwing after startResponse", (_, startResponse) => {
    startResponse("200 OK", [PLAIN, ["X-Injected", "no"]]);
    throw new Error(SECRET);
  }),
  cleanErrorCase("A generator that throws before its first chunk", (_, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    // oxlint-disable-next-line require-yield -- it fails before it can
    return (function* failing(): Generator<Uint8Array> {
      throw new Error(SECRET);
    })();
  }),
  cleanErrorCase("An async generator that throws after an empty chunk", (_, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    return (async function* failing() {
      yield bytes("");
      throw new Error(SECRET);
    })();
  }),
  brokenCase("A generator that throws after its first chunk", (_, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    return (function* failing() {
      yield bytes("begun");
      throw new Error(SECRET);
    })();
  }),
  brokenCase("An async generator that throws after its first chunk", (_, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    return (async function* failing() {
      yield bytes("begun");
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error(SECRET);
    })();
  }),
  brokenCase("excInfo after the first chunk is thrown again, which", (_, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    return (function* failing() {
      yield bytes("begun");
      startResponse("500 Too Late", [PLAIN], new Error(SECRET));
      yield bytes("never");
    })();
  }),
  {
    name: "excInfo replaces status and headers that have not been sent",
    app: (_, startResponse) => {
      startResponse("200 OK", [PLAIN, ["X-Old", "1"], ["Content-Length", "100"]]);
      return (function* changing() {
        yield bytes("");
        startResponse("503 Changed My Mind", [PLAIN, ["X-New", "1"]], new Error(SECRET));
        yield bytes("sorry");
      })();
    },
    async exercise(client) {
      const response = await client.get("/");
      deepEqual([response.status, response.text()], [503, "sorry"]);
      deepEqual([response.headers.get("X-Old"), response.headers.get("X-New")], [null, "1"]);
    },
  },
  cleanErrorCase("No startResponse", () => [bytes("x")], true),
  cleanErrorCase("No startResponse and no body", () => [], true),
  cleanErrorCase(
    "startResponse twice without excInfo",
    (_, startResponse) => {
      startResponse("200 OK", [PLAIN]);
      startResponse("200 OK", [PLAIN]);
      return [bytes("x")];
    },
    true,
  ),
  ...[["a string", "text"] as const, ["nothing", null] as const, ["bare bytes", bytes("x")] as const].map(
    ([what, body]) =>
      cleanErrorCase(
        `Returning ${what}`,
        (_, startResponse) => {
          startResponse("200 OK", [PLAIN]);
          return body as unknown as WSGIBody;
        },
        true,
      ),
  ),
  cleanErrorCase(
    "A chunk that is a string",
    (_, startResponse) => {
      startResponse("200 OK", [PLAIN]);
      return ["text"] as unknown as WSGIBody;
    },
    true,
  ),
  ...["200", "OK", "20 OK", "2000 OK", "", 200, "200 OK\r\nX-Injected: yes"].map((status) =>
    cleanErrorCase(`The status ${JSON.stringify(status)}`, announcing(status, [PLAIN]), true),
  ),
  ...(
    [
      ["X-A", "1\r\nX-Injected: yes"],
      ["X-A", "1\nX-Injected: yes"],
      ["X-A", "1\u0000"],
      ["X-A", "\u20ac"],
      ["X-A: 1\r\nX-Injected", "yes"],
      ["X A", "1"],
      ["", "1"],
      ["Connection", "close"],
      ["Transfer-Encoding", "chunked"],
      ["Content-Length", "-1"],
      ["Content-Length", "5, 5"],
    ] as HeaderList
  ).map((pair) => cleanErrorCase(`The header ${JSON.stringify(pair)}`, announcing("200 OK", [PLAIN, pair]), true)),
  brokenCase(
    "A streamed body shorter than its Content-Length",
    (_, startResponse) => {
      startResponse("200 OK", [PLAIN, ["Content-Length", "10"]]);
      return (function* short() {
        yield bytes("beg");
        yield bytes("un");
      })();
    },
    true,
  ),
  {
    name: "A body never gets longer than its Content-Length",
    breaksContract: true,
    app: unlessFine((environ, startResponse) => {
      startResponse("200 OK", [PLAIN, ["Content-Length", "5"]]);
      if (environ.QUERY_STRING === "list") return [bytes("begun and more")];
      return (function* long() {
        yield bytes("begun");
        yield bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      })();
    }),
    async exercise(client) {
      for (const address of ["/?list", "/"]) {
        const response = await client.get(address);
        ok(response.status === 500 || "begun".startsWith(response.text()), `got ${response.text()}`);
        equal((await client.get("/fine")).text(), "fine");
      }
    },
  },
];
