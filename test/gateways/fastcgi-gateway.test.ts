// The gateway on real sockets, with a client that can say anything. What real web servers say is in test/gateways/.
import { afterEach, describe, expect, test } from "vitest";
import { encodePairs } from "../../src/protocols/fastcgi/pairs.ts";
import { encodeRecord, encodeRequest, KEEP_CONNECTION, RecordType } from "../../src/protocols/fastcgi/record.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { type Peer, ServedFront } from "./served-front.ts";
import { fastcgiGateway } from "../../src/gateways/fastcgi/fastcgi-gateway.ts";

let served: ServedFront;
afterEach(() => served.close());

const HELLO = encodePairs([
  ["REQUEST_METHOD", "GET"],
  ["SCRIPT_NAME", "/x"],
]);
const NOTHING = new Uint8Array(0);
const hello: WSGIApplication = (_, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
};
const echo: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(String(body.length))];
};
const silent: WSGIApplication = () => new Promise(() => {});

function params(variables: Readonly<Record<string, string>>): Buffer {
  return encodePairs(Object.entries({ REQUEST_METHOD: "POST", SCRIPT_NAME: "/x", ...variables }));
}

/** BEGIN_REQUEST and PARAMS without their end. */
function begun(id: number, role = 1, flags: number = KEEP_CONNECTION): Buffer {
  return encodeRecord(RecordType.beginRequest, id, Buffer.from([0, role, flags, 0, 0, 0, 0, 0]));
}

async function open(application: WSGIApplication, limits = {}): Promise<Peer> {
  served = await ServedFront.open((calls) => fastcgiGateway(calls), application, limits);
  return await served.connect();
}

/** STDOUT of the request 1, and END_REQUEST. */
const HELLO_ANSWER = [
  "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
  `\x01\x06\0\x01\0\0\0\0\x01\x03\0\x01\0\x08\0\0${"\0".repeat(8)}`,
].join("");

describe("the FastCGI gateway", () => {
  test("answers several requests on one connection, and leaves it open", async () => {
    const peer = await open(hello);
    for (let count = 1; count <= 3; count += 1) {
      peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
      await peer.saw("hello", count);
    }
    expect(peer.text.split("\x01\x06\0\x01").filter((part) => part.includes("hello"))).toHaveLength(3);
    expect(peer.text.slice(8, 8 + HELLO_ANSWER.length)).toBe(HELLO_ANSWER);
    expect(peer.isEnded).toBe(false);
  });

  test("closes the connection behind an answer when the front does not keep it", async () => {
    const peer = await open(hello);
    peer.send(encodeRequest(1, HELLO, NOTHING, 0));
    await peer.ended();
    expect(peer.text.slice(8)).toBe(HELLO_ANSWER);
  });

  test("takes a request whose bytes come one by one", async () => {
    const peer = await open(echo);
    for (const byte of encodeRequest(1, params({ CONTENT_LENGTH: "3" }), Buffer.from("abc"), 0))
      peer.send(Buffer.from([byte]));
    await peer.ended();
    expect(peer.text).toContain("\r\n\r\n3");
  });

  test("answers interleaved requests, each with its own", async () => {
    const peer = await open(echo);
    const requests = [1, 2, 300].map((id) => [begun(id), encodeRecord(4, id, params({})), encodeRecord(4, id)]);
    peer.send(...requests.flat());
    peer.send(encodeRecord(5, 300, "ccc"), encodeRecord(5, 1, "a"), encodeRecord(5, 2, "bb"));
    for (const id of [300, 1, 2]) peer.send(encodeRecord(5, id));
    await peer.saw("\x01\x03", 3);
    expect(peer.stdout(1)).toMatch(/\r\n\r\n1$/);
    expect(peer.stdout(2)).toMatch(/\r\n\r\n2$/);
    expect(peer.stdout(300)).toMatch(/\r\n\r\n3$/);
  });

  test("says what it can, of what it is asked", async () => {
    const peer = await open(hello);
    const names = encodePairs([
      ["FCGI_MPXS_CONNS", ""],
      ["FCGI_MAX_REQS", ""],
      ["FCGI_OTHER", ""],
      ["FCGI_MPXS_CONNS", ""],
    ]);
    peer.send(encodeRecord(RecordType.getValues, 0, names));
    await peer.saw("FCGI_MAX_REQS32");
    expect(peer.text).toContain("FCGI_MPXS_CONNS1");
    expect(peer.text).not.toContain("FCGI_OTHER");
    peer.send(encodeRecord(99, 0, "what?"));
    await peer.saw(`\x01\x0b\0\0\0\x08\0\0\x63`);
  });

  test.each([2, 3, 9])("does not take the role %i, and goes on", async (role) => {
    const peer = await open(hello);
    peer.send(begun(7, role), encodeRecord(4, 7, HELLO), encodeRecord(4, 7), encodeRecord(5, 7));
    await peer.saw(`\x01\x03\0\x07\0\x08\0\0\0\0\0\0\x03`);
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("hello");
    expect(peer.isEnded).toBe(false);
  });

  test("takes 32 requests at once, and says of the next that it is overloaded", async () => {
    const peer = await open(silent);
    for (let id = 1; id <= 33; id += 1) peer.send(begun(id));
    await peer.saw(`\x01\x03\0\x21\0\x08\0\0\0\0\0\0\x02`);
    expect(peer.text.split("\x01\x03")).toHaveLength(2);
  });

  test("ends an aborted request, whose application learns of it", async () => {
    let signal: AbortSignal | undefined;
    const peer = await open((environ) => {
      signal = environ["tsgi.signal"];
      return new Promise(() => {});
    });
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION), encodeRecord(RecordType.abortRequest, 1));
    await peer.saw("\x01\x03\0\x01");
    expect(signal?.aborted).toBe(true);
    expect(served.entries.map(({ isAborted }) => isAborted)).toEqual([true]);
  });

  test("a front that closes the connection has left", async () => {
    let signal: AbortSignal | undefined;
    const peer = await open((environ) => {
      signal = environ["tsgi.signal"];
      return new Promise(() => {});
    });
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await expect.poll(() => signal).toBeDefined();
    peer.destroy();
    await expect.poll(() => signal?.aborted).toBe(true);
  });
});

describe("the FastCGI gateway, told nonsense", () => {
  const KEPT = KEEP_CONNECTION;
  const start = [begun(1), encodeRecord(4, 1, HELLO)];
  test.each<[what: string, bytes: readonly Buffer[]]>([
    ["another version", [Buffer.from([2, 1, 0, 1, 0, 0, 0, 0])]],
    ["HTTP", [Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
    ["two BEGIN_REQUEST for one request", [begun(1), begun(1)]],
    ["a BEGIN_REQUEST of 7 bytes", [encodeRecord(1, 1, "1234567")]],
    ["a BEGIN_REQUEST of 65535 bytes", [encodeRecord(1, 1, Buffer.alloc(65_535))]],
    ["PARAMS behind their end", [...start, encodeRecord(4, 1), encodeRecord(4, 1, "x")]],
    ["STDIN before the end of PARAMS", [...start, encodeRecord(5, 1, "x")]],
    ["GET_VALUES that are cut", [encodeRecord(9, 0, "\x7f")]],
  ])("%s ends the connection", async (_, bytes) => {
    const peer = await open(silent);
    peer.send(...bytes);
    await peer.ended();
    expect(peer.isEnded).toBe(true);
  });

  test.each<[what: string, variables: Buffer, status: string]>([
    ["a pair that is longer than its stream", Buffer.from("\xff\xff\xff\xff\x01a", "latin1"), "400 Bad Request"],
    ["no path", encodePairs([["REQUEST_METHOD", "GET"]]), "400 Bad Request"],
    ["a length that is none", params({ CONTENT_LENGTH: "1e3" }), "400 Bad Request"],
    ["70000 bytes of variables", params({ HTTP_X: "x".repeat(70_000) }), "431 Request Header Fields Too Large"],
    ["a body above the limit", params({ CONTENT_LENGTH: "2000000000000" }), "413 Content Too Large"],
  ])("%s is refused, and the connection goes on", async (_, variables, status) => {
    const peer = await open(hello);
    peer.send(encodeRequest(1, variables, Buffer.from("rest"), KEPT));
    await peer.saw(`Status: ${status}\r\n`);
    peer.send(encodeRequest(1, HELLO, NOTHING, KEPT));
    await peer.saw("hello");
    expect(served.entries.map(({ isRefused }) => isRefused)).toEqual([true, false]);
  });

  test("a body that is shorter than announced is a client that left", async () => {
    const peer = await open(echo);
    peer.send(encodeRequest(1, params({ CONTENT_LENGTH: "10" }), Buffer.from("abc"), KEPT));
    await peer.saw("Status: 400 Bad Request\r\n");
    expect(peer.isEnded).toBe(false);
  });

  test("a body that is longer than announced is cut, and the connection closed", async () => {
    const peer = await open(echo);
    peer.send(encodeRequest(1, params({ CONTENT_LENGTH: "3" }), Buffer.from("abcdef"), KEPT));
    await peer.ended();
    expect(peer.stdout(1)).toMatch(/\r\n\r\n3$/);
  });

  test("an endless body without a length ends at the limit", async () => {
    const peer = await open(echo, { maxBodyBytes: 100_000 });
    peer.send(begun(1), encodeRecord(4, 1, params({})), encodeRecord(4, 1));
    for (let count = 0; count < 20; count += 1) peer.send(encodeRecord(5, 1, Buffer.alloc(10_000)));
    await peer.saw("Status: 413 Content Too Large\r\n");
    expect(peer.isEnded).toBe(false);
  });

  test("a body that nobody reads holds up the front, not memory", async () => {
    const peer = await open(silent);
    peer.send(begun(1), encodeRecord(4, 1, params({})), encodeRecord(4, 1));
    const record = encodeRecord(5, 1, Buffer.alloc(65_000));
    for (let count = 0; count < 400; count += 1) peer.send(record);
    await expect.poll(() => served.entries.length === 0 && peer.unsentBytes > 10_000_000).toBe(true);
    expect(peer.unsentBytes).toBeGreaterThan(10_000_000);
  });

  test("a front that does not read holds up the application", async () => {
    let sent = 0;
    const peer = await open((_, startResponse) => {
      startResponse("200 OK", []);
      return (function* endless() {
        for (;;) {
          sent += 65_000;
          yield Buffer.alloc(65_000);
        }
      })();
    });
    peer.pause();
    peer.send(encodeRequest(1, HELLO, NOTHING, KEPT));
    await expect.poll(() => sent).toBeGreaterThan(0);
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent - before).toBeLessThan(10_000_000);
  });

  test("variables that do not come in time are given up", async () => {
    const peer = await open(silent, { headTimeoutSeconds: 0.1 });
    peer.send(begun(1), encodeRecord(4, 1, "\x05"));
    await peer.saw("Status: 408 Request Timeout");
    expect(peer.isEnded).toBe(false);
  });

  test("a connection on which nothing comes is closed", async () => {
    const peer = await open(silent, { headTimeoutSeconds: 0.1 });
    await peer.ended();
    expect(peer.text).toBe("");
  });
});

describe("the FastCGI gateway, with what was reported of others", () => {
  test("requests that are begun and never completed are given up, and their memory has a bound", async () => {
    const peer = await open(hello, { headTimeoutSeconds: 0.5 });
    const most = encodePairs([["HTTP_X", "x".repeat(60_000)]]);
    for (let id = 1; id <= 32; id += 1) peer.send(begun(id), encodeRecord(RecordType.params, id, most));
    // The next is told at once that there are too many.
    peer.send(begun(33));
    await peer.saw("\x01\x03\0\x21\0\x08\0\0\0\0\0\0\x02");
    await peer.saw("Status: 408 Request Timeout", 32);
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("hello");
    expect(peer.isEnded).toBe(false);
  });

  test("the rest of a body that nobody read is not taken for that of the next request with its id", async () => {
    const peer = await open((environ, startResponse) =>
      environ.PATH_INFO === "/unread" ? hello(environ, startResponse) : echo(environ, startResponse),
    );
    const body = Buffer.alloc(200_000, "x");
    peer.send(begun(1), encodeRecord(4, 1, params({ SCRIPT_NAME: "/unread", CONTENT_LENGTH: "200000" })));
    peer.send(encodeRecord(4, 1), encodeRecord(5, 1, body.subarray(0, 10_000)));
    await peer.saw("\x01\x03\0\x01");
    for (let at = 10_000; at < body.length; at += 10_000) peer.send(encodeRecord(5, 1, body.subarray(at, at + 10_000)));
    peer.send(
      encodeRecord(5, 1),
      encodeRequest(1, params({ CONTENT_LENGTH: "3" }), Buffer.from("abc"), KEEP_CONNECTION),
    );
    await peer.saw("\r\n\r\n3");
    expect(peer.isEnded).toBe(false);
  });

  test.each(["0", "3"])("a body of %s bytes needs no record that ends it", async (length) => {
    const peer = await open(echo);
    const body = length === "0" ? [] : [encodeRecord(5, 1, Buffer.from("abc"))];
    peer.send(begun(1), encodeRecord(4, 1, params({ CONTENT_LENGTH: length })), encodeRecord(4, 1), ...body);
    await peer.saw(`\r\n\r\n${length}`);
    peer.send(encodeRecord(5, 1), encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("\r\n\r\n", 2);
    expect([peer.isEnded, served.entries.map(({ status }) => status)]).toEqual([false, [200, 200]]);
  });

  test("a body that is ended twice is ended once, while its application works and after it", async () => {
    let answer = (): void => {};
    const peer = await open(async (environ, startResponse) => {
      if (environ.REQUEST_METHOD === "GET") return await hello(environ, startResponse);
      await new Promise<void>((resolve) => (answer = resolve));
      return await echo(environ, startResponse);
    });
    for (const length of ["", "0", "3"]) {
      const body = Buffer.alloc(Number(length), "x");
      peer.send(encodeRequest(1, params({ CONTENT_LENGTH: length }), body, KEEP_CONNECTION), encodeRecord(5, 1));
      await expect.poll(() => served.calls.inFlight, { interval: 5 }).toBe(1);
      answer();
      await expect.poll(() => served.calls.inFlight, { interval: 5 }).toBe(0);
      peer.send(encodeRecord(5, 1));
    }
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("hello");
    expect([peer.isEnded, peer.stdout(1).match(/[^\r\n]+(?=Status|$)/g)]).toEqual([false, ["0", "0", "3", "hello"]]);
  });

  test("a request with the id 0 is none", async () => {
    const peer = await open(hello);
    peer.send(encodeRequest(0, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("\x01\x0b\0\0\0\x08\0\0\x01");
    peer.send(encodeRequest(1, HELLO, NOTHING, KEEP_CONNECTION));
    await peer.saw("hello");
    expect(served.entries).toHaveLength(1);
  });
});
