import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { answer, type ConnectionBench, openConnection } from "../../test/engine/connection-bench.ts";
import { SocketStandIn } from "../../test/engine/socket-stand-in.ts";
import type { ConnectionState } from "./connection.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { RequestBody } from "./request-body.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
/** Offers another protocol; answered in HTTP, it is a request like any other. */
const OFFER = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const post = (length: number, ...fields: string[]): string =>
  ["POST / HTTP/1.1", "Host: h", `Content-Length: ${length}`, ...fields, "", ""].join("\r\n");
const CHUNKED = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? "");

/** The table in the head of connection.ts. */
function readTable(): { events: string[]; rows: Map<string, string[]> } {
  const source = readFileSync(new URL("connection.ts", import.meta.url), "utf8");
  const lines = [...source.matchAll(/^\/\/ +(\w*) *│ (.*)$/gm)];
  const words = lines.map(([, state = "", cells = ""]) => [state, cells.trim().split(/ +/)] as const);
  return { events: words[0]?.[1] ?? [], rows: new Map(words.slice(1)) };
}

// A body of any length may be thrown away here, so that the same chunks do for all states.
const LIMITS = { maxUnreadBodyBytes: Number.POSITIVE_INFINITY };

/** How a new connection comes into each state. */
const WAYS: Record<ConnectionState, (bench: ConnectionBench) => void> = {
  idle: () => {},
  head: ({ socket }) => socket.receive("GET / HTTP/1.1\r\nHost: h\r\n"),
  body: ({ socket }) => socket.receive(`${CHUNKED}3\r\na`),
  answer: ({ socket }) => socket.receive(OFFER),
  discard: (bench) => {
    WAYS.body(bench);
    answer(bench.exchanges[0]);
  },
  linger: (bench) => {
    WAYS.answer(bench);
    answer(bench.exchanges[0], "", true);
  },
  closed: ({ socket }) => socket.destroy(),
};

/** How each event comes about. */
const EVENTS: Record<string, (bench: ConnectionBench, state: string) => void> = {
  part: ({ socket }, state) => socket.receive(isInBody(state) ? "b" : "X-A: b"),
  whole: ({ socket }, state) => socket.receive(isInBody(state) ? "bc\r\n0\r\n\r\n" : state === "head" ? "\r\n" : GET),
  opens: ({ socket }, state) => socket.receive(state === "head" ? "Transfer-Encoding: chunked\r\n\r\n" : CHUNKED),
  bad: ({ socket }, state) => socket.receive(isInBody(state) ? "bcd" : "\0\r\n"),
  end: ({ socket }) => socket.emit("end"),
  switch: ({ exchanges }) => {
    exchanges[0]?.upgrade("echo");
    exchanges[0]?.announce("101 Switching Protocols", []);
  },
  over: ({ exchanges }) => answer(exchanges[0]),
  last: ({ exchanges }) => answer(exchanges[0], "", true),
  fail: ({ exchanges }) => {
    exchanges[0]?.announce("200 OK", []);
    exchanges[0]?.send(Buffer.from("begun"));
    exchanges[0]?.fail(new Error("broken off"));
  },
  late: ({ connection, exchanges, wait }, from) => {
    const { body } = from === "body" ? (exchanges[0] ?? {}) : {};
    // What has come is read, and then the application waits.
    for (let pulls = 0; pulls < 2; pulls += 1) void Promise.resolve(body?.pull()).catch(() => {});
    const { state } = connection;
    for (let halfSeconds = 0; halfSeconds < 100 && connection.state === state; halfSeconds += 1) wait(0.5);
  },
  close: ({ connection }) => connection.close(),
  gone: ({ socket }) => socket.emit("close"),
};

function isInBody(state: string): boolean {
  return state === "body" || state === "discard";
}

describe("the table of states", () => {
  const { events, rows } = readTable();

  test("names all states and all events", () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(WAYS).toSorted());
    expect(events.toSorted()).toEqual(Object.keys(EVENTS).toSorted());
    for (const cells of rows.values()) expect(cells.length).toBe(events.length);
  });

  const cases = [...rows].flatMap(([from, cells]) =>
    cells.map((to, index) => ({ from: from as ConnectionState, event: events[index] ?? "", to })),
  );

  test.each(cases.filter(({ to }) => to !== "·"))("$from, $event: $to", ({ from, event, to }) => {
    const bench = openConnection(LIMITS);
    WAYS[from](bench);
    expect(bench.connection.state).toBe(from);
    expect(bench.connection.isIdle).toBe(from === "idle");
    EVENTS[event]?.(bench, from);
    expect(bench.connection.state).toBe(to);
  });

  test.each(cases.filter(({ to }) => to === "·"))("$from, $event: cannot happen", ({ from, event }) => {
    const bench = openConnection(LIMITS);
    WAYS[from](bench);
    // An exchange is over once, and there is none any more in these states. A head is not looked for before a body has ended.
    const isAboutExchange = ["switch", "over", "last", "fail"].includes(event);
    const areOver = bench.exchanges.every((exchange) =>
      event === "switch" ? !exchange.isUpgradable : exchange.isOver,
    );
    expect(isAboutExchange ? areOver : isInBody(from)).toBe(true);
  });
});

describe("requests of one connection", () => {
  test("are handed on one after another, however they come", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(GET + GET.replace("/", "/second"));
    expect(exchanges.length).toBe(1);
    answer(exchanges[0], "first");
    expect(exchanges.length, "not in the turn of the answer before").toBe(1);
    await turn();
    expect(exchanges[1]?.target.path).toBe("/second");
    answer(exchanges[1], "second");
    expect(socket.sent.indexOf("first")).toBeLessThan(socket.sent.indexOf("second"));
  });

  test("are not looked for while the client does not take the answer before", async () => {
    const { socket, exchanges, connection } = openConnection();
    socket.isStuck = true;
    socket.receive(GET + GET);
    answer(exchanges[0], "x".repeat(100_000));
    await turn();
    expect([exchanges.length, connection.state, connection.isIdle]).toEqual([1, "head", false]);
    socket.take();
    expect(exchanges.length).toBe(2);
  });

  test("wait in the socket when more than 64 KiB are ahead of their turn", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(GET);
    socket.receive(GET.repeat(1000));
    expect(socket.isPaused()).toBe(false);
    socket.receive(GET.repeat(2000));
    expect(socket.isPaused()).toBe(true);
    for (let served = 0; served < 3001; served += 1) {
      answer(exchanges[served]);
      await turn();
    }
    expect([exchanges.length, socket.isPaused()]).toEqual([3001, false]);
  });

  test("that came whole before the client ended its side wait until it takes the answer before", () => {
    const { socket, exchanges } = openConnection();
    socket.isStuck = true;
    socket.receive(GET + GET);
    answer(exchanges[0], "x".repeat(100_000));
    socket.emit("end");
    socket.take();
    expect([exchanges.length, socket.isEnded]).toEqual([2, false]);
  });

  test("that the client broke off by ending its side get no answer", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${GET}GET / HT`);
    socket.emit("end");
    answer(exchanges[0]);
    await turn();
    expect([exchanges.length, statuses(socket.sent), socket.isEnded]).toEqual([1, ["200"], true]);
  });

  test("are as many as the limit says", () => {
    const { socket, exchanges, connection } = openConnection({ maxRequestsPerConnection: 2 });
    for (const index of [0, 1]) {
      socket.receive(GET);
      answer(exchanges[index]);
    }
    expect(socket.sent.split("Connection: close").length - 1).toBe(1);
    expect([connection.state, socket.isEnded]).toEqual(["linger", true]);
  });

  test("that the gateway cannot handle are its fault, not the client's", () => {
    const { socket } = openConnection({}, () => {
      throw new TypeError("a bug");
    });
    expect(() => socket.receive(GET)).toThrow("a bug");
  });
});

describe("the body of a request", () => {
  test("that nobody read is thrown away before the next request is looked for", async () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(post(40));
    answer(exchanges[0]);
    socket.receive(GET.padEnd(40, "x"));
    await turn();
    expect([exchanges.length, connection.state]).toEqual([1, "idle"]);
    socket.receive(GET);
    expect(exchanges.length).toBe(2);
  });

  test("that is too long to be thrown away makes its answer the last", () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(post(DEFAULT_LIMITS.maxUnreadBodyBytes + 1));
    answer(exchanges[0]);
    expect(socket.sent).toContain("Connection: close");
    expect(connection.state).toBe("linger");
  });

  test("in chunks makes its answer the last, unless its end has come", () => {
    const whole = openConnection();
    whole.socket.receive(`${CHUNKED}1\r\na\r\n0\r\n\r\n`);
    answer(whole.exchanges[0]);
    const open = openConnection();
    open.socket.receive(`${CHUNKED}1\r\na\r\n`);
    answer(open.exchanges[0]);
    const broken = openConnection();
    // The reader is slow, so the broken chunk has not been looked at when the answer leaves.
    broken.socket.receive(`${CHUNKED}10000\r\n${"a".repeat(65_536)}`);
    broken.socket.receive("\r\nbad\0");
    answer(broken.exchanges[0]);
    expect([whole, open, broken].map(({ connection }) => connection.state)).toEqual(["idle", "linger", "linger"]);
  });

  test("that breaks after its answer gets no second answer", () => {
    const { socket, exchanges, connection } = openConnection(LIMITS);
    socket.receive(`${CHUNKED}1\r\na`);
    answer(exchanges[0]);
    socket.receive("bad");
    expect(statuses(socket.sent)).toEqual(["200"]);
    expect(connection.state).toBe("linger");
  });

  test("of just the length that may be thrown away keeps the connection", () => {
    const { socket, exchanges, connection } = openConnection({ maxUnreadBodyBytes: 100 });
    socket.receive(post(100));
    answer(exchanges[0]);
    socket.receive("x".repeat(99));
    expect(connection.state).toBe("discard");
    socket.receive("x");
    expect(connection.state).toBe("idle");
  });

  test("that breaks in the reader's hands fails for the reader, and the answer is the last", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${CHUNKED}1\r\na\r\n`);
    const body = exchanges[0]?.body;
    expect(body?.pull()).toEqual(Buffer.from("a"));
    const next = body?.pull();
    socket.receive("no\r\n");
    await expect(next).rejects.toMatchObject({ code: "ERR_HTTP_CHUNK" });
    answer(exchanges[0]);
    expect(socket.sent).toContain("Connection: close");
  });

  test("longer than the limit is refused before the application is called", () => {
    const { socket, exchanges, refusals } = openConnection({ maxBodyBytes: 10 });
    socket.receive(post(11));
    expect([exchanges.length, statuses(socket.sent), refusals.length]).toEqual([0, ["413"], 1]);
  });

  test("holds up the client while the reader is slow", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(200_000));
    for (const size of [65_536, 65_536]) socket.receive("x".repeat(size));
    expect(socket.isPaused()).toBe(true);
    const { body } = exchanges[0] ?? {};
    void body?.pull();
    void body?.pull();
    expect(socket.isPaused()).toBe(false);
  });

  test("ends early when the client ends its side", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(10));
    const pulled = exchanges[0]?.body?.pull();
    socket.emit("end");
    await expect(pulled).rejects.toMatchObject({ code: "ERR_HTTP_CLIENT_DISCONNECTED" });
    answer(exchanges[0]);
    expect([statuses(socket.sent), socket.isEnded]).toEqual([["200"], true]);
  });
});

describe("another protocol", () => {
  const over = (bench: ConnectionBench, sent = ""): RequestBody => {
    bench.socket.receive(OFFER + sent);
    const body = bench.exchanges[0]?.upgrade("echo");
    bench.exchanges[0]?.announce("101 Switching Protocols", []);
    if (body === undefined) throw new Error("Expected a request");
    return body;
  };

  test("takes what came early, what comes later, and the end, each when it is read", async () => {
    const bench = openConnection();
    const body = over(bench, "early");
    expect(String(await body.pull())).toBe("early");
    const later = body.pull();
    bench.socket.receive("GET / later");
    expect(String(await later)).toBe("GET / later");
    bench.socket.receive("last");
    bench.socket.emit("end");
    expect([String(await body.pull()), await body.pull(), bench.connection.state]).toEqual(["last", null, "answer"]);
    bench.exchanges[0]?.finish();
    expect([bench.exchanges.length, bench.connection.state]).toEqual([1, "linger"]);
  });

  test("holds the client up while nobody reads, and loses nothing", async () => {
    const bench = openConnection();
    const body = over(bench);
    for (let times = 0; times < 3; times += 1) bench.socket.receive("x".repeat(60_000));
    expect(bench.socket.isPaused()).toBe(true);
    bench.socket.emit("end");
    let bytes = 0;
    for (let chunk = await body.pull(); chunk !== null; chunk = await body.pull()) bytes += chunk.length;
    expect(bytes).toBe(180_000);
  });

  test("has no time for a body, and no least rate", () => {
    const bench = openConnection();
    void over(bench).pull();
    bench.wait(3600);
    expect([bench.connection.state, bench.refusals]).toEqual(["body", []]);
  });

  test("is not gone over to when a client has ended its side, but its end is told", async () => {
    const bench = openConnection();
    bench.socket.receive(`${OFFER}x`);
    bench.socket.emit("end");
    const body = bench.exchanges[0]?.upgrade("echo");
    bench.exchanges[0]?.announce("101 Switching Protocols", []);
    expect([String(await body?.pull()), await body?.pull()]).toEqual(["x", null]);
  });

  test("that is declined leaves the bytes behind the request to HTTP", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(OFFER + GET);
    exchanges[0]?.upgrade("echo");
    answer(exchanges[0]);
    await turn();
    expect(exchanges.length).toBe(2);
  });
});

describe("Expect: 100-continue", () => {
  const EXPECTING = post(5, "Expect: 100-continue");

  test("is answered when the application asks for the body, once", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(EXPECTING);
    expect(socket.sent).toBe("");
    void exchanges[0]?.body?.pull();
    expect(socket.sent).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    socket.receive("ab");
    void exchanges[0]?.body?.pull();
    expect(statuses(socket.sent)).toEqual(["100"]);
  });

  test("is not answered when the body comes anyway", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${EXPECTING}hello`);
    void exchanges[0]?.body?.pull();
    answer(exchanges[0]);
    expect(statuses(socket.sent)).toEqual(["200"]);
  });

  test("that nobody answered makes the answer the last: the body may or may not come", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(EXPECTING);
    answer(exchanges[0]);
    expect(socket.sent).toContain("Connection: close");
  });
});

describe("time is up", () => {
  test("for a head, counted from its first byte, whatever comes meanwhile", () => {
    const { socket, exchanges, wait, refusals } = openConnection();
    socket.receive(GET);
    answer(exchanges[0]);
    for (let seconds = 0; seconds < 9; seconds += 1) {
      socket.receive(seconds === 0 ? "GET / HTTP/1.1\r\n" : `X-${seconds}: 1\r\n`);
      wait(1);
    }
    expect(refusals).toEqual([]);
    wait(3);
    expect([statuses(socket.sent), refusals[0]?.code]).toEqual([["200", "408"], "ERR_HTTP_HEAD_TIMEOUT"]);
  });

  test("for the first request, and nothing is answered when not even its line has begun", () => {
    const { socket, wait } = openConnection();
    socket.receive("\r\n\r\n");
    wait(9);
    expect(socket.isEnded).toBe(false);
    wait(3);
    expect([socket.sent, socket.isEnded]).toEqual(["", true]);
  });

  test("for the first head, counted from when the client connected", () => {
    const { socket, wait } = openConnection();
    wait(9);
    socket.receive("GET / HTTP/1.1\r\n");
    wait(3);
    expect(statuses(socket.sent)).toEqual(["408"]);
  });

  test("to be idle, which is not the time to linger", () => {
    const { socket, exchanges, connection, wait } = openConnection({ keepAliveTimeoutSeconds: 20, lingerSeconds: 4 });
    socket.receive(GET);
    answer(exchanges[0]);
    wait(18);
    expect(connection.state).toBe("idle");
    wait(4);
    expect(connection.state).toBe("linger");
  });

  test("to be idle, but not before the answer was taken", () => {
    const { socket, exchanges, wait } = openConnection();
    socket.isStuck = true;
    socket.receive(GET);
    answer(exchanges[0]);
    wait(20);
    expect(socket.isEnded).toBe(false);
    socket.take();
    wait(1);
    expect(socket.isEnded).toBe(true);
  });

  test("for a body, while the application waits for it", async () => {
    const { socket, exchanges, wait } = openConnection({ minBodyBytesPerSecond: 0 });
    socket.receive(post(10));
    wait(1000);
    const pulled = exchanges[0]?.body?.pull();
    wait(29);
    socket.receive("abc");
    await expect(pulled).resolves.toEqual(Buffer.from("abc"));
    const next = exchanges[0]?.body?.pull();
    wait(32);
    await expect(next).rejects.toMatchObject({ code: "ERR_HTTP_BODY_TIMEOUT" });
    exchanges[0]?.fail(await Promise.resolve(next).catch((error: unknown) => error));
    expect(statuses(socket.sent)).toEqual(["408"]);
    expect(socket.isEnded).toBe(true);
  });

  test("for a client that does not read: its exchange is aborted", () => {
    const { socket, exchanges, wait, closed } = openConnection();
    socket.isStuck = true;
    socket.receive(GET);
    exchanges[0]?.announce("200 OK", []);
    exchanges[0]?.send(Buffer.alloc(100_000));
    for (let round = 0; round < 3; round += 1) {
      wait(50);
      socket.take(1000);
    }
    expect(socket.destroyed).toBe(false);
    wait(62);
    expect([socket.destroyed, exchanges[0]?.isAborted, closed()]).toEqual([true, true, 1]);
  });

  test("for a client that does not read an answer that is complete", () => {
    const { socket, exchanges, wait } = openConnection();
    socket.isStuck = true;
    socket.receive(GET);
    answer(exchanges[0]);
    wait(70);
    expect([socket.destroyed, exchanges[0]?.isAborted]).toEqual([true, false]);
  });

  test("to linger, from when everything was taken", () => {
    const { socket, exchanges, wait } = openConnection();
    socket.isStuck = true;
    socket.receive(GET);
    answer(exchanges[0], "", true);
    wait(20);
    expect(socket.destroyed).toBe(false);
    socket.take();
    wait(4);
    expect(socket.destroyed).toBe(true);
  });
});

describe("a client that lingers", () => {
  test("is held up, rather than cut off, when it goes on sending", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(GET);
    answer(exchanges[0], "", true);
    socket.receive("x".repeat(262_144));
    expect(socket.isPaused()).toBe(false);
    socket.receive("x");
    expect([socket.isPaused(), socket.destroyed]).toEqual([true, false]);
  });
});

describe("an answer that is broken off", () => {
  const begin = (version: string, socket = new SocketStandIn()): ConnectionBench => {
    const bench = openConnection({}, () => {}, socket);
    socket.receive(`GET / HTTP/${version}\r\nHost: h\r\n\r\n`);
    bench.exchanges[0]?.announce("200 OK", []);
    bench.exchanges[0]?.send(Buffer.from("begun"));
    bench.exchanges[0]?.fail(new Error("no more"));
    return bench;
  };

  test("in chunks lacks its last chunk", () => {
    const { socket } = begin("1.1");
    expect([socket.isEnded, socket.wasReset, socket.sent.endsWith("begun\r\n")]).toEqual([true, false, true]);
  });

  test("that ends with the connection is reset, or it would seem complete", () => {
    expect(begin("1.0").socket.wasReset).toBe(true);
  });

  test("over a unix socket or TLS, which know no reset, is cut", () => {
    const unix = begin("1.0", Object.assign(new SocketStandIn(), { remoteFamily: undefined }));
    const tls = begin("1.0", Object.assign(new SocketStandIn(), { encrypted: true }));
    expect([unix.socket.wasReset, unix.socket.destroyed]).toEqual([false, true]);
    expect([tls.socket.wasReset, tls.socket.destroyed]).toEqual([false, true]);
  });
});

describe("a refusal", () => {
  test("answers and ends, and nothing behind it is read", () => {
    const { socket, exchanges, refusals } = openConnection();
    socket.receive(`GET /\0 HTTP/1.1\r\n\r\n${GET}`);
    expect([statuses(socket.sent), exchanges.length, refusals.length]).toEqual([["400"], 0, 1]);
    expect(socket.sent).toContain("Connection: close");
  });

  test("of HEAD has no body", () => {
    const { socket } = openConnection();
    socket.receive("HEAD / HTTP/1.1\r\n\r\n");
    expect(socket.sent).toMatch(/^HTTP\/1\.1 400 .*Content-Length: 16\r\n.*\r\n\r\n$/s);
  });

  test.each([
    ["GET", "of a request whose line was read", "GET / HTTP/1.1\r\n\r\n"],
    ["HEAD", "of what is no request, behind a request", "nonsense\r\n"],
  ])("has a body in answer to %s: %s", (method, _title, bytes) => {
    const { socket, exchanges } = openConnection();
    socket.receive(GET.replace("GET", method));
    answer(exchanges[0], "");
    socket.sent = "";
    socket.receive(bytes);
    expect(socket.sent).toMatch(/^HTTP\/1\.1 400 .*Content-Length: 16\r\n.*\r\n\r\n.{16}$/s);
  });

  test("comes once", () => {
    const { socket, connection, refusals } = openConnection();
    socket.receive("nonsense\r\n");
    const [error] = refusals;
    if (error !== undefined) connection.refuse(error);
    expect([statuses(socket.sent), refusals.length]).toEqual([["400"], 1]);
  });
});

describe("a server that stops", () => {
  test("makes the answer in hand the last", () => {
    const { socket, exchanges, server, connection } = openConnection();
    socket.receive(GET);
    server.isClosing = true;
    connection.close();
    answer(exchanges[0]);
    expect(socket.sent).toContain("Connection: close");
  });

  test("keeps the promise of an answer that has begun, for as long as it says goodbye", () => {
    const { socket, exchanges, server, connection, wait } = openConnection();
    socket.receive(GET);
    exchanges[0]?.announce("200 OK", []);
    exchanges[0]?.send(Buffer.from("begun"));
    Object.assign(server, { isClosing: true, goodbyeSeconds: 3 });
    exchanges[0]?.finish();
    connection.close();
    expect(connection.state).toBe("idle");
    wait(5);
    expect(connection.state).toBe("linger");
  });

  test("says no goodbye where it has no time for it", () => {
    const { socket, exchanges, server, connection } = openConnection();
    socket.receive(GET);
    exchanges[0]?.announce("200 OK", []);
    exchanges[0]?.send(Buffer.from("begun"));
    server.isClosing = true;
    exchanges[0]?.finish();
    expect(connection.state).toBe("linger");
  });

  test("answers a request that has come behind an answer that has begun", async () => {
    const { socket, exchanges, server, connection } = openConnection();
    socket.receive(GET);
    exchanges[0]?.announce("200 OK", []);
    exchanges[0]?.send(Buffer.from("begun"));
    socket.receive(GET);
    server.isClosing = true;
    connection.close();
    exchanges[0]?.finish();
    await turn();
    answer(exchanges[1]);
    expect([statuses(socket.sent), connection.state]).toEqual([["200", "200"], "linger"]);
  });

  test("waits for a head that has begun, but not long", () => {
    const { socket, server, connection, wait } = openConnection();
    wait(1);
    socket.receive("GET / HTTP/1.1\r\n");
    server.isClosing = true;
    connection.close();
    wait(1);
    expect(connection.state).toBe("head");
    wait(3);
    expect([connection.state, statuses(socket.sent)]).toEqual(["linger", ["408"]]);
  });
});

describe("a client that is gone", () => {
  test("aborts its exchange with the reason, and its connection is closed once", async () => {
    const { socket, exchanges, closed, connection } = openConnection();
    socket.receive(post(10));
    const pulled = exchanges[0]?.body?.pull();
    const reset = new Error("read ECONNRESET");
    socket.emit("error", reset);
    socket.emit("close");
    await expect(pulled).rejects.toMatchObject({ code: "ERR_HTTP_CLIENT_DISCONNECTED", cause: reset });
    expect([closed(), exchanges[0]?.isAborted]).toEqual([1, true]);
    exchanges[0]?.announce("200 OK", []);
    expect(exchanges[0]?.send(Buffer.from("too late"))).toBe(true);
    const data = Buffer.from("x");
    expect([connection.write(data), connection.writeChunk(data), connection.writeWithHead("x", data)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(socket.sent).toBe("");
    await connection.drained();
  });

  test("leaves nobody waiting for it to read, and no cause where there was no error", async () => {
    const { socket, exchanges, connection } = openConnection();
    socket.isStuck = true;
    socket.receive(GET);
    exchanges[0]?.announce("200 OK", []);
    expect(exchanges[0]?.send(Buffer.alloc(100_000))).toBe(false);
    const { signal } = exchanges[0] ?? {};
    let isDrained = false;
    const drained = connection.drained().then(() => (isDrained = true));
    await turn();
    expect(isDrained).toBe(false);
    socket.emit("close");
    await drained;
    await connection.drained();
    expect(signal?.reason).not.toHaveProperty("cause");
  });

  test("has said so when it ends its side: what is complete is answered first", async () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(GET + GET);
    socket.emit("end");
    expect([connection.state, exchanges[0]?.signal.aborted]).toEqual(["answer", true]);
    answer(exchanges[0]);
    await turn();
    expect(socket.isEnded).toBe(false);
    answer(exchanges[1]);
    expect([statuses(socket.sent), socket.isEnded]).toEqual([["200", "200"], true]);
  });

  test("within a body that is thrown away is not waited for", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(40));
    answer(exchanges[0]);
    socket.emit("end");
    expect(socket.isEnded).toBe(true);
  });
});
