import { describe, expect, test } from "vitest";

import { ClientDisconnected, ProtocolError, ServiceError } from "./errors.ts";
import { errorPage } from "./error-page.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import { HeadParser } from "./head-parser.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { RequestBody } from "./request-body.ts";

interface Bench {
  readonly exchange: Exchange;
  /** What was sent, without the date. */
  readonly sent: () => string;
  /** What its connection and its listener heard, in order. */
  readonly heard: string[];
}

/** An exchange whose connection writes down what it is told. */
function open(method = "GET", version = "1.1", owner: Partial<ExchangeOwner> = {}): Bench {
  const parser = new HeadParser(DEFAULT_LIMITS, () => ({}));
  const fields = ["Host: h", "Connection: keep-alive, upgrade", "Upgrade: Echo, other/1"];
  parser.feed([`${method} /p?q HTTP/${version}`, ...fields, "", ""].join("\r\n"), 0);
  if (parser.target === null) throw new Error("Expected a whole head");
  let text = "";
  const heard: string[] = [];
  const take = (...parts: (string | Uint8Array)[]): boolean => {
    for (const part of parts) text += typeof part === "string" ? part : Buffer.from(part).toString("latin1");
    return true;
  };
  const body = method === "POST" ? new RequestBody({ wanted() {} }) : null;
  const exchange = new Exchange(
    {
      write: (data) => take(data),
      writeWithHead: (head, data) => take(head, data),
      writeChunk: (data, head = "") => take(head, `<${data.length}>`, data),
      drained: () => Promise.resolve(),
      wanted: () => void heard.push("wanted"),
      switched: () => void heard.push("switched"),
      mayPersist: () => true,
      completed: () => void heard.push("completed"),
      broken: () => void heard.push("broken"),
      ...owner,
    },
    parser,
    parser.target,
    body,
  );
  exchange.listener = {
    aborted: (reason) => void heard.push(`aborted: ${reason.message}`),
    over: () => void heard.push("over"),
  };
  return { exchange, sent: () => text.replace(/Date: .*\r\n/, ""), heard };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe("an answer as a whole", () => {
  test.each<[string, string, [string, string][], string, string]>([
    ["GET", "200 OK", [], "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
    ["GET", "200 OK", [["Content-Length", "2"]], "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
    ["GET", "200 OK", [], "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["HEAD", "200 OK", [], "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"],
    ["HEAD", "200 OK", [], "", "HTTP/1.1 200 OK\r\n\r\n"],
    ["HEAD", "200 OK", [["Content-Length", "9"]], "", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"],
    ["HEAD", "304 Not Modified", [], "hi", "HTTP/1.1 304 Not Modified\r\n\r\n"],
    [
      "GET",
      "304 Not Modified",
      [["Content-Length", "9"]],
      "",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    ],
    ["GET", "204 No Content", [["Content-Length", "0"]], "", "HTTP/1.1 204 No Content\r\n\r\n"],
  ])("to %s, %s %j, of %j", (method, status, fields, body, expected) => {
    const { exchange, sent, heard } = open(method);
    exchange.announce(status, fields);
    exchange.sendWhole(bytes(body));
    expect(sent()).toBe(expected);
    // The connection last, because the next request may begin in it.
    expect(heard).toEqual(["over", "completed"]);
  });

  test("in another length than announced is not sent at all", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", [["Content-Length", "3"]]);
    expect(() => exchange.sendWhole(bytes("hi"))).toThrow("3 announced, 2 given");
    expect([sent(), exchange.isOver, exchange.isSent]).toEqual(["", false, false]);
  });

  test("needs a status", () => {
    const { exchange } = open();
    expect(() => exchange.sendWhole(bytes("hi"))).toThrow("before it announced a status");
    expect([exchange.statusCode, exchange.fields]).toEqual([0, []]);
  });

  test("has a date, unless the application has given one", () => {
    let text = "";
    const { exchange } = open("GET", "1.1", { writeWithHead: (head) => ((text = head), true) });
    exchange.announce("200 OK", [["Date", "mine"]]);
    exchange.sendWhole(bytes(""));
    expect(text.match(/Date: /g)?.length).toBe(1);
  });
});

describe("an answer in pieces", () => {
  test("of a length that is not known is chunked", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", []);
    exchange.send(bytes("one"));
    exchange.send(bytes("two"));
    exchange.finish();
    expect(sent()).toBe("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<3>one<3>two0\r\n\r\n");
    expect(exchange.bodyBytes).toBe(6);
  });

  test("to a client of HTTP/1.0 ends with the connection", () => {
    const { exchange, sent } = open("GET", "1.0");
    exchange.announce("200 OK", []);
    exchange.send(bytes("one"));
    exchange.finish();
    expect([sent(), exchange.isPersistent]).toEqual(["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none", false]);
  });

  test("to a client of HTTP/1.0 keeps the connection where the length is known", () => {
    const { exchange, sent } = open("GET", "1.0");
    exchange.announce("200 OK", [["Content-Length", "3"]]);
    exchange.send(bytes("one"));
    exchange.finish();
    expect(sent()).toBe("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\none");
  });

  test("that is too long is cut, and is the last", () => {
    const { exchange, sent, heard } = open();
    exchange.announce("200 OK", [["Content-Length", "4"]]);
    exchange.send(bytes("one"));
    expect(() => exchange.send(bytes("two"))).toThrow("4 announced, 6 given");
    expect(sent().endsWith("\r\n\r\nonet")).toBe(true);
    expect([exchange.isPersistent, heard]).toEqual([false, ["over", "completed"]]);
  });

  test("whose first piece is too long is not sent", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", [["Content-Length", "2"]]);
    expect(() => exchange.send(bytes("one"))).toThrow("2 announced, 3 given");
    expect(sent()).toBe("");
  });

  test("that is too short cannot be finished", () => {
    const { exchange, heard } = open();
    exchange.announce("200 OK", [["Content-Length", "4"]]);
    exchange.send(bytes("one"));
    expect(() => exchange.finish()).toThrow("4 announced, 3 given");
    exchange.fail(new Error("too short"));
    expect(heard).toEqual(["broken", "over"]);
  });

  test("without any piece is whole", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", []);
    exchange.finish();
    expect(sent()).toBe("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });

  test("to HEAD is over with its first piece: nobody wants the others", () => {
    const { exchange, sent, heard } = open("HEAD");
    exchange.announce("200 OK", [["Content-Length", "100"]]);
    expect(exchange.send(bytes("one"))).toBe(true);
    expect([sent(), heard]).toEqual(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", ["over", "completed"]]);
  });

  test("says whether the client should be waited for", async () => {
    const { exchange } = open("GET", "1.1", { writeChunk: () => false });
    exchange.announce("200 OK", []);
    expect(exchange.send(bytes("one"))).toBe(false);
    await exchange.drained();
  });
});

describe("a status", () => {
  test("may be announced anew until something is sent", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", []);
    exchange.announce("500 Oh", []);
    exchange.send(bytes("x"));
    expect(sent()).toContain("500 Oh");
    expect(() => exchange.announce("200 OK", [])).toThrow("after the response headers were sent");
  });
});

describe("a connection that may not go on", () => {
  test("is told to the client with the head, and the connection is asked when the head leaves, not before", () => {
    let mayPersist = true;
    const { exchange, sent } = open("GET", "1.1", { mayPersist: () => mayPersist });
    exchange.announce("200 OK", []);
    mayPersist = false;
    exchange.sendWhole(bytes(""));
    expect(sent()).toContain("Connection: close");
    expect(exchange.isPersistent).toBe(false);
  });
});

describe("Exchange.fail", () => {
  test.each<[string, unknown, number, boolean]>([
    ["what the client did wrong", new ProtocolError(413, "ERR_X", "too large"), 413, false],
    ["a client that has left", new ClientDisconnected("left"), 400, false],
    ["a server that is busy", new ServiceError(503, "ERR_X", "busy"), 503, true],
    ["a bug", new TypeError("bug"), 500, true],
    ["an error with the status of another library", Object.assign(new Error("x"), { status: 404 }), 500, true],
    ["a status that is none", Object.assign(new Error("x"), { fault: "remote", status: "404" }), 500, true],
    ["a status that is no error", Object.assign(new Error("x"), { fault: "remote", status: 200 }), 500, true],
    ["nothing", null, 500, true],
    ["a text", "x", 500, true],
  ])("answers %s", (_title, error, status, isPersistent) => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", []);
    exchange.fail(error);
    const page = errorPage(status);
    expect(sent()).toContain(`HTTP/1.1 ${page.status}\r\n`);
    expect(sent().endsWith(`\r\n\r\n${Buffer.from(page.body).toString()}`)).toBe(true);
    expect(exchange.isPersistent).toBe(isPersistent);
    exchange.fail(error);
    expect(sent().split("HTTP/1.1").length).toBe(2);
  });

  test("breaks off what has begun", () => {
    const { exchange, sent, heard } = open();
    exchange.announce("200 OK", []);
    exchange.send(bytes("one"));
    exchange.fail(new Error("x"));
    expect([exchange.isAborted, heard, sent().endsWith("one")]).toEqual([true, ["broken", "over"], true]);
    exchange.listener = null;
    expect(exchange.send(bytes("more"))).toBe(true);
    exchange.finish();
    exchange.sendWhole(bytes("more"));
    exchange.announce("200 OK", []);
    expect(sent().endsWith("one")).toBe(true);
  });

  test("a page tells when to come again, when the server is busy, and has a name for any status", () => {
    expect(errorPage(503).fields).toContainEqual(["Retry-After", "1"]);
    expect(errorPage(499).status).toBe("499 Error");
  });
});

describe("another protocol", () => {
  const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nX-A: b\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const over = (bench: Bench): RequestBody => {
    const body = bench.exchange.upgrade("echo");
    bench.exchange.announce("101 Switching Protocols", [
      ["X-A", "b"],
      ["Content-Length", "5"],
    ]);
    return body;
  };

  test("is gone over to at once, and both bodies are its bytes", () => {
    const bench = open();
    const { exchange, sent, heard } = bench;
    const body = over(bench);
    expect([sent(), heard, exchange.body === body, exchange.isSent]).toEqual([SWITCHED, ["switched"], true, true]);
    exchange.send(bytes("one"));
    exchange.finish();
    expect([sent(), heard]).toEqual([`${SWITCHED}one`, ["switched", "over", "completed"]]);
    expect([exchange.statusCode, exchange.bodyBytes, exchange.isPersistent]).toEqual([101, 3, false]);
  });

  test("a body that is whole is sent as it is", () => {
    const bench = open();
    over(bench);
    bench.exchange.sendWhole(bytes("all"));
    expect([bench.sent(), bench.heard.at(-1)]).toEqual([`${SWITCHED}all`, "completed"]);
  });

  test("another status is an answer as ever; what was asked for comes never", () => {
    const { exchange, sent } = open();
    const body = exchange.upgrade("other/1");
    exchange.announce("200 OK", []);
    exchange.sendWhole(bytes("hi"));
    expect(sent()).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    expect(() => body.pull()).toThrow("after the response was complete");
  });

  test("101 that nobody prepared, or a second status behind it, is refused", () => {
    const bench = open();
    expect(() => bench.exchange.announce("101 Switching Protocols", [])).toThrow("not a final one");
    over(bench);
    expect(() => bench.exchange.announce("200 OK", [])).toThrow("after the response headers were sent");
    bench.exchange.fail(new Error("too late"));
    expect([bench.sent(), bench.heard]).toEqual([SWITCHED, ["switched", "broken", "over"]]);
  });

  test.each([
    [
      "that the client does not offer",
      open(),
      "websocket",
      'does not offer "websocket"; expected one of: echo, other/1',
    ],
    ["of a client of HTTP/1.0", open("GET", "1.0"), "echo", "can no longer go over"],
    ["behind a request body", open("POST"), "echo", "can no longer go over"],
    ["of a client that wants no body", open("HEAD"), "echo", "can no longer go over"],
  ])("%s is refused", (_what, { exchange, heard }, protocol, message) => {
    expect(() => exchange.upgrade(protocol)).toThrow(message);
    expect(heard).toEqual([]);
  });

  test("a client that leaves fails what is read of it", () => {
    const bench = open();
    const body = over(bench);
    bench.exchange.abort(new Error("gone"));
    expect(() => body.pull()).toThrow("The client disconnected");
  });

  test("a client that leaves before 101 fails what is read of it, also when that was begun before", async () => {
    const { exchange } = open();
    const body = exchange.upgrade("echo");
    const early = body.pull();
    exchange.abort(new Error("gone"));
    exchange.announce("101 Switching Protocols", []);
    await expect(early).rejects.toThrow("The client disconnected");
    expect(() => body.pull()).toThrow("The client disconnected");
  });

  test("a client that has left is no fault of who prepares for it", () => {
    const { exchange } = open();
    exchange.abort(new Error("gone"));
    expect(() => exchange.upgrade("echo")).toThrow(ClientDisconnected);
  });
});

describe("early hints", () => {
  test.each([
    ["1.1", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"],
    ["1.0", ""],
  ])("go to clients of HTTP/%s as they understand them", (version, expected) => {
    const { exchange, sent } = open("GET", version);
    exchange.earlyHints([["Link", "x"]]);
    expect(sent()).toBe(expected);
  });

  test("are late behind the head", () => {
    const { exchange, sent } = open();
    exchange.announce("200 OK", []);
    exchange.send(bytes("x"));
    exchange.earlyHints([["Link", "x"]]);
    expect(sent()).not.toContain("103");
  });
});

describe("a client that leaves", () => {
  test("fires the signal, also one that is asked for afterwards, with the reason", () => {
    const early = open().exchange;
    const { signal } = early;
    const reason = new Error("left");
    early.left(reason);
    early.left(new Error("again"));
    const late = open().exchange;
    late.left(reason);
    expect([signal.reason, late.signal.reason]).toEqual([reason, reason]);
    expect(early.isOver, "it may still read").toBe(false);
  });

  test("is told to the listener once, and what the application still sends is ignored", async () => {
    const { exchange, sent, heard } = open("POST");
    const pulled = exchange.body?.pull();
    exchange.abort(new Error("reset"));
    exchange.abort(new Error("again"));
    await expect(pulled).rejects.toMatchObject({ code: "ERR_HTTP_CLIENT_DISCONNECTED" });
    exchange.announce("200 OK", []);
    exchange.sendWhole(bytes("x"));
    exchange.fail(new Error("x"));
    expect([heard, sent(), exchange.isAborted]).toEqual([["aborted: reset", "over"], "", true]);
  });

  test("after its answer is complete has not left early", () => {
    const { exchange } = open();
    const { signal } = exchange;
    exchange.announce("200 OK", []);
    exchange.sendWhole(bytes(""));
    exchange.left(new Error("left"));
    exchange.abort(new Error("gone"));
    expect([signal.aborted, exchange.isAborted]).toEqual([false, false]);
  });
});

test("a listener that throws does not take the connection with it", () => {
  const { exchange, heard } = open();
  exchange.listener = {
    aborted() {},
    over() {
      throw new Error("a bug of the log");
    },
  };
  exchange.announce("200 OK", []);
  expect(() => exchange.sendWhole(bytes(""))).toThrow("a bug of the log");
  expect(heard).toEqual(["completed"]);
});
