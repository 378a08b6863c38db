// Each form in which an application gives its body. Source: PEP 3333 "The Application/Framework Side", "The write() Callable",
// "Handling the Content-Length Header", "Buffering and Streaming".

import { deepEqual, equal, ok } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { StartResponse, WSGIApplication, WSGIApplicationLike, WSGIEnvironment } from "../../wsgi/types.ts";
import { answering, bytes, type ConformanceCase, PLAIN } from "./conformance-case.ts";

/** A case in which GET gives a text, twice in a row: the second time shows that the first left nothing behind. */
function textCase(name: string, text: string, app: WSGIApplicationLike): ConformanceCase {
  return {
    name,
    app,
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.get("/");
        deepEqual([response.status, response.text(), response.isComplete], [200, text, true]);
      }
    },
  };
}

class IteratedPerRequest {
  readonly #startResponse: StartResponse;

  constructor(_environ: WSGIEnvironment, startResponse: StartResponse) {
    this.#startResponse = startResponse;
  }

  *[Symbol.iterator]() {
    this.#startResponse("200 OK", [PLAIN]);
    yield bytes("from a class");
  }
}

const bigBlock = Buffer.alloc(65_536, "0123456789abcdef");
const BLOCKS = 48;
const gates = new Map<string, () => void>();

/** Yields once, and again only when another request opens the gate. */
const gated: WSGIApplication = (environ, startResponse) => {
  const key = environ.QUERY_STRING;
  startResponse("200 OK", [PLAIN]);
  if (environ.PATH_INFO === "/open") {
    gates.get(key)?.();
    return [bytes(gates.delete(key) ? "opened" : "unknown")];
  }
  const opened = new Promise<void>((resolve) => gates.set(key, resolve));
  return (async function* waiting() {
    yield bytes("first");
    await opened;
    yield bytes("second");
  })();
};

export const bodyCases: readonly ConformanceCase[] = [
  {
    name: "A list of one chunk gets its Content-Length",
    app: answering("200 OK", [PLAIN], () => [bytes("grüße")]),
    async exercise(client) {
      const response = await client.get("/");
      deepEqual([response.text(), response.headers.getAll("Content-Length")], ["grüße", ["7"]]);
    },
  },
  {
    name: "An empty list is an empty body",
    app: answering("200 OK", [PLAIN]),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.get("/");
        deepEqual([response.status, response.bytes().length, response.isComplete], [200, 0, true]);
      }
    },
  },
  textCase(
    "A list of several chunks arrives in order",
    "one two three",
    answering("200 OK", [PLAIN], () => [bytes("one "), bytes("two "), bytes("three")]),
  ),
  textCase(
    "Empty chunks are nothing",
    "ab",
    answering("200 OK", [PLAIN], () => [bytes(""), bytes("a"), bytes(""), bytes("b"), bytes("")]),
  ),
  textCase(
    "Only empty chunks are an empty body",
    "",
    answering("200 OK", [PLAIN], function* empties() {
      yield bytes("");
      yield bytes("");
    }),
  ),
  textCase(
    "A generator arrives",
    "012",
    answering("200 OK", [PLAIN], function* digits() {
      for (const digit of "012") yield bytes(digit);
    }),
  ),
  textCase(
    "An async generator arrives",
    "012",
    answering("200 OK", [PLAIN], async function* digits() {
      for (const digit of "012") {
        await nextTurn();
        yield bytes(digit);
      }
    }),
  ),
  textCase("A promise of a body arrives", "later", async (_, startResponse) => {
    await nextTurn();
    startResponse("200 OK", [PLAIN]);
    return [bytes("later")];
  }),
  textCase(
    "An application may itself be a generator, which calls startResponse late",
    "late",
    function* late(_: WSGIEnvironment, startResponse: StartResponse) {
      startResponse("200 OK", [PLAIN]);
      yield bytes("late");
    },
  ),
  textCase("An application may be an object with call()", "from an object", {
    call(_environ: WSGIEnvironment, startResponse: StartResponse) {
      startResponse("200 OK", [PLAIN]);
      return [bytes("from an object")];
    },
  }),
  textCase("An application may be a class that is iterated", "from a class", IteratedPerRequest),
  textCase("write() sends a body", "one two", async (_, startResponse) => {
    const write = startResponse("200 OK", [PLAIN]);
    await write(bytes("one "));
    await write(bytes("two"));
    return [];
  }),
  textCase("What write() sends comes before what is returned", "written returned", (_, startResponse) => {
    const write = startResponse("200 OK", [PLAIN]);
    void write(bytes("written "));
    return [bytes("returned")];
  }),
  textCase(
    "wsgi.file_wrapper sends a file and closes it",
    "x".repeat(20_000),
    answering("200 OK", [PLAIN], (environ) => {
      let rest = Buffer.alloc(20_000, "x");
      const file = {
        read(size: number) {
          const block = rest.subarray(0, size);
          rest = rest.subarray(size);
          return block;
        },
        close() {},
      };
      return environ["wsgi.file_wrapper"]?.(file, 4096) ?? [rest];
    }),
  ),
  {
    name: "A streamed body with a Content-Length keeps it",
    app: answering("200 OK", [PLAIN, ["Content-Length", "6"]], async function* parts() {
      yield bytes("abc");
      await nextTurn();
      yield bytes("def");
    }),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.get("/");
        deepEqual([response.text(), response.headers.getAll("Content-Length")], ["abcdef", ["6"]]);
      }
    },
  },
  {
    name: "All 256 bytes arrive unchanged",
    app: answering("200 OK", [["Content-Type", "application/octet-stream"]], () => [Buffer.from(ALL_BYTES)]),
    async exercise(client) {
      deepEqual([...(await client.get("/")).bytes()], ALL_BYTES);
    },
  },
  {
    name: "Three megabytes in one chunk arrive",
    app: answering("200 OK", [["Content-Type", "application/octet-stream"]], () => [
      Buffer.alloc(BLOCKS * 65_536, bigBlock),
    ]),
    async exercise(client) {
      ok(Buffer.alloc(BLOCKS * 65_536, bigBlock).equals((await client.get("/")).bytes()));
    },
  },
  {
    name: "Three megabytes in many chunks arrive",
    app: answering("200 OK", [["Content-Type", "application/octet-stream"]], function* blocks() {
      for (let block = 0; block < BLOCKS; block += 1) yield bigBlock;
    }),
    async exercise(client) {
      const response = await client.get("/");
      ok(Buffer.alloc(BLOCKS * 65_536, bigBlock).equals(response.bytes()));
      equal(response.isComplete, true);
    },
  },
  {
    name: "A thousand tiny chunks arrive",
    app: answering("200 OK", [PLAIN], async function* tiny() {
      for (let index = 0; index < 1000; index += 1) yield bytes(`${index},`);
    }),
    async exercise(client) {
      equal((await client.get("/")).text(), Array.from({ length: 1000 }, (_, index) => `${index},`).join(""));
    },
  },
  {
    name: "A chunk reaches the client before the next one exists",
    needs: ["streaming", "shared-memory"],
    app: gated,
    async exercise(client) {
      const key = randomUUID();
      let opening: Promise<unknown> = Promise.resolve();
      let seen = "";
      const response = await client.get(`/wait?${key}`, {
        onChunk(chunk) {
          seen += Buffer.from(chunk).toString();
          if (seen === "first") opening = client.get(`/open?${key}`);
        },
      });
      await opening;
      equal(response.text(), "firstsecond");
    },
  },
];

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte);
