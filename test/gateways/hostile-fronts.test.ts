// SCGI and uwsgi on real sockets, spoken by a peer that means harm: what it is answered, that the next request is served as before, and
// that nothing is left of it. FastCGI, which keeps connections, has a test of its own.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { scgiGateway } from "../../src/gateways/scgi/scgi-gateway.ts";
import { uwsgiGateway } from "../../src/gateways/uwsgi/uwsgi-gateway.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { type Peer, ServedFront } from "./served-front.ts";

type Pair = readonly [name: string, value: string];

/** A netstring of SCGI whatever it holds. @param length - as it is announced */
function scgi(pairs: readonly Pair[], length?: number | string): string {
  const text = pairs.map(([name, value]) => `${name}\0${value}\0`).join("");
  return `${length ?? text.length}:${text},`;
}

/** A packet of uwsgi whatever it holds. @param size - as it is announced */
function uwsgi(pairs: readonly Pair[], size?: number): string {
  const text = pairs
    .flat()
    .map((part) => littleEndian(part.length) + part)
    .join("");
  return `\0${littleEndian(size ?? text.length)}\0${text}`;
}

function littleEndian(size: number): string {
  return String.fromCharCode(size & 0xff, (size >> 8) & 0xff);
}

const PROTOCOLS = [
  {
    name: "scgi",
    gateway: scgiGateway,
    encode: scgi,
    first: [
      ["CONTENT_LENGTH", "0"],
      ["SCGI", "1"],
    ],
    ok: "Status: 200 OK",
  },
  { name: "uwsgi", gateway: uwsgiGateway, encode: uwsgi, first: [], ok: "HTTP/1.1 200 OK" },
] as const;

/** Answers with what it has seen: method, path, body, and the variables that began with HTTP_ or may not be there. */
const telling: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  const shown = Object.entries(environ).filter(([name]) => /^(?:http_|wsgi\.input$|evil|constructor$)/i.test(name));
  const seen = shown.map(
    ([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : typeof value}`,
  );
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const { REQUEST_METHOD, PATH_INFO } = environ;
  if ("HTTP_X_LONG" in environ) return [Buffer.concat([Buffer.from("#"), body])];
  return [Buffer.from(`${REQUEST_METHOD} ${JSON.stringify(PATH_INFO)} ${body.length} ${seen.join(" ")}.`, "latin1")];
};

const GET: readonly Pair[] = [
  ["REQUEST_METHOD", "GET"],
  ["PATH_INFO", "/x"],
];

/** Lies about one request that every protocol can carry: more variables, and what the peer sees. */
const LIES: readonly (readonly [what: string, pairs: readonly Pair[], seen: RegExp])[] = [
  [
    "two lengths that differ",
    [
      ["CONTENT_LENGTH", "3"],
      ["CONTENT_LENGTH", "5"],
    ],
    / 400 /,
  ],
  ["a negative length", [["CONTENT_LENGTH", "-1"]], / 400 /],
  ["a length with a sign", [["CONTENT_LENGTH", "+3"]], / 400 /],
  ["a length with an exponent", [["CONTENT_LENGTH", "1e3"]], / 400 /],
  ["a length in hexadecimals", [["CONTENT_LENGTH", "0x10"]], / 400 /],
  ["a list of lengths", [["CONTENT_LENGTH", "3, 3"]], / 400 /],
  ["a length with more digits than a number holds", [["CONTENT_LENGTH", "9".repeat(20)]], / 400 /],
  ["a body above the limit", [["CONTENT_LENGTH", "999999999999999"]], / 413 /],
  [
    "chunks, of which nobody knows the end",
    [
      ["CONTENT_LENGTH", ""],
      ["HTTP_TRANSFER_ENCODING", "chunked"],
    ],
    / 411 /,
  ],
  [
    "a part of the body that the client has announced",
    [
      ["CONTENT_LENGTH", "3"],
      ["HTTP_CONTENT_LENGTH", "5"],
      ["DOCUMENT_URI", "/x"],
    ],
    / 411 /,
  ],
  ["no method", [["REQUEST_METHOD", ""]], / 400 /],
  ["a request line as the method", [["REQUEST_METHOD", "GET / HTTP/1.1\r\nX: "]], / 400 /],
  [
    "two Host headers",
    [
      ["HTTP_HOST", "a.example"],
      ["HTTP_HOST", "b.example"],
    ],
    / 400 /,
  ],
  ["a Host with a user", [["HTTP_HOST", "a.example@evil.example"]], / 400 /],
  ["a line feed in a header", [["HTTP_X", "a\nSet-Cookie: b"]], / 400 /],
  ["a carriage return in a header", [["HTTP_X", "a\rb"]], / 400 /],
  ["a line break in the name of a header", [["HTTP_X\r\nHTTP_Y", "1"]], / 400 /],
  ["a line break in another name", [["EVIL\r\nNAME", "1"]], / 400 /],
  ["a space in the name of a header", [["HTTP_X ", "1"]], / 400 /],
  ["a line break in REQUEST_URI", [["REQUEST_URI", "/x\r\nHost: evil"]], / 400 /],
  ["a line break in QUERY_STRING", [["QUERY_STRING", "a\nb"]], / 400 /],
  ["a line break in the path", [["PATH_INFO", "/a\nb"]], / 200 .*GET "\/a\\nb" 0 /s],
  ["a method twice", [["REQUEST_METHOD", "PUT"]], / 200 .*PUT "\/x" 0 /s],
  [
    "a header twice",
    [
      ["HTTP_X", "1"],
      ["HTTP_X", "2"],
    ],
    / 200 .* HTTP_X="1, 2"[ .]/s,
  ],
  [
    "a cookie twice",
    [
      ["HTTP_COOKIE", "a=1"],
      ["HTTP_COOKIE", "b=2"],
    ],
    / 200 .* HTTP_COOKIE="a=1; b=2"[ .]/s,
  ],
  [
    "a forwarded address twice",
    [
      ["HTTP_X_FORWARDED_FOR", "1.1.1.1"],
      ["HTTP_X_FORWARDED_FOR", "2.2.2.2"],
    ],
    / 200 .*0 wsgi\.input=object\.$/s,
  ],
  [
    "names that only look like a header's",
    [
      ["http_x", "1"],
      ["HTTP_X.Y", "2"],
      ["Http_Z", "3"],
    ],
    / 200 .*0 wsgi\.input=object\.$/s,
  ],
  [
    "a header of the framing",
    [
      ["HTTP_CONTENT_LENGTH", "99"],
      ["HTTP_TRANSFER_ENCODING", "chunked"],
      ["HTTP_PROXY", "evil"],
    ],
    / (?:200|411) /,
  ],
  [
    "a key of the server",
    [
      ["wsgi.input", "evil"],
      ["tsgi.signal", "evil"],
    ],
    / 200 .*0 wsgi\.input=object\.$/s,
  ],
  [
    "a name of Object's own",
    [
      ["__proto__", "evil"],
      ["constructor", "evil"],
    ],
    / 200 .* constructor="evil"/s,
  ],
];

/** Bytes that are no request at all, or not a whole one. @param seen - empty where there is nothing to answer */
type Bytes = readonly [what: string, bytes: string, seen: RegExp];

const NO_REQUESTS: Record<string, readonly Bytes[]> = {
  scgi: [
    ["a shorter netstring than announced", scgi([["CONTENT_LENGTH", "0"], ["SCGI", "1"], ...GET], 20), / 400 /],
    ["no number", scgi(GET, "x"), / 400 /],
    ["an empty number", scgi(GET, ""), / 400 /],
    ["a leading zero", scgi(GET, "0060"), / 400 /],
    ["a negative number", scgi(GET, -5), / 400 /],
    ["an endless number", "1".repeat(10_000), / 400 /],
    ["a huge head", scgi([], 99_999), / 431 /],
    ["an empty head", "0:,", / 400 /],
    ["CONTENT_LENGTH behind another variable", scgi([["SCGI", "1"], ["CONTENT_LENGTH", "0"], ...GET]), / 400 /],
    ["no CONTENT_LENGTH", scgi([["SCGI", "1"], ...GET]), / 400 /],
    ["an empty CONTENT_LENGTH", scgi([["CONTENT_LENGTH", ""], ["SCGI", "1"], ...GET]), / 400 /],
    ["another version of SCGI", scgi([["CONTENT_LENGTH", "0"], ["SCGI", "2"], ...GET]), / 400 /],
    [
      "a NUL in a value, which makes a name of its rest",
      scgi([["CONTENT_LENGTH", "0"], ["SCGI", "1"], ...GET, ["HTTP_X", "a\0b"]]),
      / 400 /,
    ],
    [
      "more variables than allowed",
      scgi([["CONTENT_LENGTH", "0"], ["SCGI", "1"], ...Array.from({ length: 2000 }, (): Pair => ["A", ""])]),
      / 431 /,
    ],
    ["HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", / 400 /],
    ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", / 400 /],
  ],
  uwsgi: [
    ["a shorter packet than announced", uwsgi(GET, 20), / 400 /],
    ["a longer value than the packet", `\0${littleEndian(6)}\0\x01\0A\xff\xffB`, / 400 /],
    ["half a length", `\0${littleEndian(4)}\0\x01\0A\x01`, / 400 /],
    ["a name without a value", `\0${littleEndian(3)}\0\x01\0A`, / 400 /],
    ["an empty packet", uwsgi([]), / 400 /],
    ["an empty name", uwsgi([...GET, ["", "x"]]), / 400 /],
    ["a NUL in a name", uwsgi([...GET, ["HTTP_X\0", "x"]]), / 400 /],
    ["a NUL in a value", uwsgi([...GET, ["EVIL", "a\0b"]]), / 400 /],
    ["more variables than allowed", uwsgi(Array.from({ length: 2000 }, (): Pair => ["A", ""])), / 431 /],
    ["another plugin's packet", "\x0e\0\0\0", / 502 /],
    ["HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", / 502 /],
    ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", / 502 /],
  ],
};

describe.each(PROTOCOLS)("$name, with a hostile peer", ({ name, gateway, encode, first, ok }) => {
  let served: ServedFront;
  const opened: Peer[] = [];
  const limits = { headTimeoutSeconds: 1, lingerSeconds: 0.1 };
  beforeAll(async () => {
    served = await ServedFront.open((calls) => gateway(calls), telling, limits);
  });
  afterAll(() => served.close());

  /** Sends bytes on a new connection. */
  async function say(...pieces: readonly string[]): Promise<Peer> {
    const peer = await served.connect();
    opened.push(peer);
    peer.send(...pieces.map((piece) => Buffer.from(piece, "latin1")));
    return peer;
  }

  /** The head of a request with some more variables. */
  function request(...pairs: readonly Pair[]): string {
    const length = pairs.find(([each]) => each === "CONTENT_LENGTH")?.[1];
    // SCGI wants the length first; the others come behind what they contradict.
    const start = first.map(([each, value]): Pair => [
      each,
      each === "CONTENT_LENGTH" && length !== undefined && length !== "" ? length : value,
    ]);
    return encode([...start, ...GET, ...pairs]);
  }

  /** The next request is served as if nothing had been, and no connection stays. */
  async function goesOn(): Promise<void> {
    const peer = await say(request());
    await peer.ended();
    expect(peer.text).toMatch(new RegExp(`^${ok}\\r\\n[^]*GET "/x" 0 wsgi\\.input=object\\.$`));
    for (const each of opened.splice(0)) each.destroy();
    await expect.poll(() => served.server.connectionCount, { interval: 5 }).toBe(0);
  }

  afterEach(goesOn);

  test.each(LIES)("%s", async (_, pairs, seen) => {
    const peer = await say(request(...pairs));
    await peer.ended();
    expect(peer.text).toMatch(seen);
    expect(peer.text).not.toMatch(/^Set-Cookie/im);
  });

  test.each(NO_REQUESTS[name] ?? [])("%s", async (_, bytes, seen) => {
    const peer = await say(bytes);
    await peer.ended();
    expect(peer.text).toMatch(seen);
  });

  test("the same in single bytes", async () => {
    const peer = await say(...`${request(["CONTENT_LENGTH", "3"])}abc`.split(""));
    await peer.ended();
    expect(peer.text).toMatch(/GET "\/x" 3 /);
  });

  test("a head that comes too slowly is given up, although each byte comes in time", async () => {
    const peer = await say("");
    const text = request(["HTTP_X", "x".repeat(10_000)]);
    let at = 0;
    const timer = setInterval(() => peer.send(Buffer.from(text.charAt(at++), "latin1")), 20);
    await peer.ended().finally(() => clearInterval(timer));
    expect(peer.text).toMatch(/ 408 /);
  });

  test("a body that ends early is a client that has left", async () => {
    const peer = await say(request(["CONTENT_LENGTH", "10"]), "abc");
    peer.end();
    await peer.ended();
    expect(peer.text).not.toContain(" 200 ");
  });

  test("a body that is longer than announced is cut", async () => {
    const peer = await say(request(["CONTENT_LENGTH", "3"]), "abcdef");
    await peer.ended();
    expect(peer.text).toMatch(/GET "\/x" 3 /);
  });

  test("a second request behind the first is not one", async () => {
    const peer = await say(request() + request(), request());
    await peer.ended();
    expect(peer.text.split('GET "/x"')).toHaveLength(2);
  });

  test.each([100_000, 4_000_000])("a peer that reads late gets all of %i bytes", async (size) => {
    const peer = await served.connect();
    opened.push(peer);
    peer.pause();
    peer.send(Buffer.from(request(["HTTP_X_LONG", "x"], ["CONTENT_LENGTH", String(size)]), "latin1"));
    peer.send(Buffer.alloc(size, "x"));
    await expect.poll(() => served.entries.at(-1)?.bodyBytes, { interval: 5 }).toBeGreaterThan(size);
    peer.resume();
    await peer.ended();
    expect(peer.text.slice(peer.text.indexOf("#")).length).toBe(size + 1);
  });

  test.each(["", name === "scgi" ? "7" : "\0"])("a peer that leaves after %j gets nothing", async (bytes) => {
    const peer = await say(bytes);
    peer.end();
    await peer.ended();
    expect(peer.text).toBe("");
  });

  test("a peer that leaves within the head gets nothing, and is no request", async () => {
    const before = served.entries.length;
    const peer = await say(request().slice(0, -5));
    peer.end();
    await peer.ended();
    expect(peer.text).toBe("");
    expect(served.entries).toHaveLength(before);
  });
});
