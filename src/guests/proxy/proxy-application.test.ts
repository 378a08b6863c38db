// Hostile, slow and dying upstreams on real sockets.
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, OK, proxyTo, scripted, urlOf } from "../../../test/guests/proxied.ts";
import type { UpstreamScript } from "../../../test/guests/scripted-upstream.ts";
import { makeServer } from "../../server/make-server.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { rawRequest } from "../../testing/raw-request.ts";
import { proxyApplication, type ProxyOptions } from "./proxy-application.ts";

describe("What an upstream must not say is a 502 with one line in the log", () => {
  test.each([
    ["nothing", "", "closed the connection before its answer"],
    ["no HTTP", "hello\r\n\r\n", "Expected a status line"],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
      "Content-Length stands more than once",
    ],
    [
      "length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
      "both Content-Length and",
    ],
    ["bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "does not end in CR LF"],
    ["a head of 100 KB", `HTTP/1.1 200 OK\r\nA: ${"x".repeat(100_000)}\r\n\r\n`, "longer than 65536 bytes"],
    ["101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switched protocols"],
    ["102 for ever", "HTTP/1.1 102 Processing\r\n\r\n".repeat(100), "too many interim answers"],
    [
      "chunks that are none, at once",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "A chunk size is not made of",
    ],
  ])("%s", async (_what, text, message) => {
    const upstream = await scripted(async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      say(text);
      end();
    });
    const response = await clientOf(proxyTo(urlOf(upstream))).get("/secret?x");
    expect([response.status, response.text()]).toEqual([502, "502 Bad Gateway\n"]);
    expect(response.errors.trimEnd().split("\n")).toEqual([
      expect.stringMatching(
        new RegExp(
          String.raw`^Upstream "http://127.0.0.1:\d+" gave no proper answer: .*${message}.* \(GET /secret\?x\)$`,
        ),
      ),
    ]);
    expect(upstream.connections).toHaveLength(1);
  });

  test("a reset, a refusal", async () => {
    const upstream = await scripted(async ({ saw, reset }) => {
      await saw("\r\n\r\n");
      reset();
    });
    const client = clientOf(proxyTo(urlOf(upstream)));
    const reset = await client.get("/");
    expect([reset.status, reset.errors]).toEqual([
      502,
      expect.stringContaining("broke off the connection before its answer (ECONNRESET)"),
    ]);
    upstream.close();
    const refused = await client.get("/");
    expect([refused.status, refused.errors]).toEqual([
      502,
      expect.stringContaining("cannot be connected to (ECONNREFUSED)"),
    ]);
  });
});

describe("An answer that breaks off behind its head does not look complete", () => {
  test.each([
    ["a short length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "abc", "before the last 6 bytes"],
    [
      "chunks without an end",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "3\r\nabc\r\n",
      "before its last chunk",
    ],
    [
      "a chunk that is none",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "zz\r\n",
      "A chunk size is not",
    ],
  ])("%s", async (_what, head, body, message) => {
    const upstream = await scripted(async ({ saw, say, end, socket }) => {
      await saw("\r\n\r\n");
      say(head);
      await new Promise((resolve) => void setTimeout(resolve, 30));
      say(body);
      await new Promise((resolve) => void setTimeout(resolve, 30));
      end();
      socket.resume();
    });
    const response = await clientOf(proxyTo(urlOf(upstream))).get("/");
    expect([response.status, response.text(), response.isComplete]).toEqual([200, "abc", false]);
    expect(response.errors).toContain(message);
  });

  test("is replaced where it breaks off before anything behind its head was passed on", async () => {
    const upstream = await scripted(async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      await new Promise((resolve) => void setTimeout(resolve, 30));
      end();
    });
    const response = await clientOf(proxyTo(urlOf(upstream))).get("/");
    expect([response.status, response.isComplete]).toEqual([502, true]);
    expect(response.errors).toContain("before its last chunk");
  });
});

describe("Connections", () => {
  const answering: UpstreamScript = async ({ saw, say }) => {
    for (let times = 1; ; times += 1) {
      await saw("\r\n\r\n", times);
      say(OK);
    }
  };

  test("are kept for the next request", async () => {
    const upstream = await scripted(answering);
    const application = proxyTo(urlOf(upstream));
    for (let turn = 0; turn < 5; turn += 1) expect((await clientOf(application).get("/")).text()).toBe("ok");
    expect(upstream.connections).toHaveLength(1);
    expect(application.stats()).toMatchObject({ requests: 5, connects: 1, addresses: [{ active: 0, idle: 1 }] });
  });

  test("are not kept with a body behind an answer to HEAD", async () => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say("HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    });
    const application = proxyTo(urlOf(upstream));
    const head = await clientOf(application).head("/");
    expect([head.status, head.headers.get("Content-Length"), head.bytes().length]).toEqual([200, "43", 0]);
    await clientOf(application).head("/");
    expect(upstream.connections).toHaveLength(2);
  });

  test.each([
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    ["bytes behind the answer", `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    [
      "a keep-alive time that is over at once",
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok",
    ],
  ])("are not kept with %s", async (_what, text) => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say(text);
    });
    const application = proxyTo(urlOf(upstream));
    for (let turn = 0; turn < 2; turn += 1) expect((await clientOf(application).get("/")).text()).toBe("ok");
    expect(upstream.connections).toHaveLength(2);
  });

  test.each([
    "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 102 Processing\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 199 Unheard\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
  ])("are not led astray by what an interim answer says of a body that it cannot have: %j", async (interim) => {
    const forged = "HTTP/1.1 301 Moved Permanently\r\nLocation: https://evil.example/\r\nX-Unused: ";
    const upstream = await scripted(async ({ number, saw, say }) => {
      await saw("\r\n\r\n");
      say(number === 1 ? `${interim}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${forged}` : OK);
    });
    const client = clientOf(proxyTo(urlOf(upstream)));
    const [first, second] = [await client.get("/a"), await client.get("/b")];
    const seen = [first, second].map((response) => [
      response.status,
      response.text(),
      response.headers.get("location"),
    ]);
    // A 103 with both lengths is no answer of anybody who means well.
    expect(seen).toEqual([
      interim.includes("103") ? [502, "502 Bad Gateway\n", null] : [200, "", null],
      [200, "ok", null],
    ]);
    expect(upstream.connections).toHaveLength(2);
  });

  test("are dropped when bytes come that nobody asked for", async () => {
    const upstream = await scripted(async ({ saw, say, closed }) => {
      await saw("\r\n\r\n");
      say(OK);
      await new Promise((resolve) => void setTimeout(resolve, 30));
      say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      await closed();
    });
    const application = proxyTo(urlOf(upstream));
    expect((await clientOf(application).get("/")).text()).toBe("ok");
    await expect.poll(() => application.stats().addresses[0]?.idle).toBe(0);
    expect((await clientOf(application).get("/")).text()).toBe("ok");
  });

  test("that died meanwhile cost nothing: what is safe is sent once more", async () => {
    const upstream = await scripted(async ({ saw, say, end, number }) => {
      await saw("\r\n\r\n");
      say(OK);
      if (number > 1) return;
      await saw("\r\n\r\n", 2);
      end();
    });
    const application = proxyTo(urlOf(upstream));
    const client = clientOf(application);
    await client.get("/");
    expect((await client.get("/")).text()).toBe("ok");
    expect(upstream.connections).toHaveLength(2);
    expect(application.stats()).toMatchObject({ retries: 1, failures: 0 });
  });

  test.each<[method: "POST" | "PUT", isFirst: boolean, options: Partial<ProxyOptions>, status: number]>([
    ["POST", true, { bufferBody: true }, 502],
    ["PUT", true, {}, 502],
    ["PUT", false, { bufferBody: true }, 502],
    ["PUT", true, { bufferBody: true }, 200],
  ])("%s with a body, on a kept connection: %j, %j: %i", async (method, isReused, options, status) => {
    const upstream = await scripted(async ({ saw, say, end, number }) => {
      if (number === 1 && isReused) {
        await saw("\r\n\r\n");
        say(OK);
      }
      await saw("body");
      if (number === 1) end();
      else say(OK);
    });
    const client = clientOf(proxyTo(urlOf(upstream), options));
    if (isReused) await client.get("/");
    expect((await client.request(method, "/", { body: "body" })).status).toBe(status);
    expect(upstream.connections).toHaveLength(status === 200 ? 2 : 1);
  });

  test("are as many as allowed, then requests wait in turn, then they are refused", async () => {
    const waiting: (() => void)[] = [];
    const upstream = await scripted(async ({ saw, say }) => {
      for (let times = 1; ; times += 1) {
        await saw("\r\n\r\n", times);
        await new Promise<void>((resolve) => void waiting.push(resolve));
        say(OK);
      }
    });
    const application = proxyTo(urlOf(upstream), { maxConnections: 2, maxQueue: 1 });
    const client = clientOf(application);
    const first = [client.get("/1"), client.get("/2")];
    await expect.poll(() => waiting.length).toBe(2);
    const queued = client.get("/3");
    await expect.poll(() => application.stats().queued).toBe(1);
    const refused = await client.get("/4");
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(refused.errors).toContain("has 2 requests, and 1 wait for it");
    waiting[0]?.();
    await expect.poll(() => waiting.length).toBe(3);
    for (const go of waiting) go();
    expect((await Promise.all([...first, queued])).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(upstream.connections).toHaveLength(2);
  });

  test("a request that waits too long for one gets 504", async () => {
    const upstream = await scripted(() => {});
    const application = proxyTo(urlOf(upstream), { maxConnections: 1, queueSeconds: 0.1, readSeconds: 20 });
    const client = clientOf(application);
    const first = client.get("/1", { leaveAfterBytes: 1 });
    const second = await client.get("/2");
    expect([second.status, second.errors]).toEqual([504, expect.stringContaining("had no connection free for 0.1 s")]);
    upstream.close();
    expect((await first).status).toBe(502);
  });

  test("stay with those who still wait, however many clients have left the queue", async () => {
    let go = (): void => {};
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      await new Promise<void>((resolve) => void (go = resolve));
      say(OK);
      await saw("\r\n\r\n", 2);
      say(OK);
    });
    const application = proxyTo(urlOf(upstream), { maxConnections: 1, maxQueue: 5000 });
    const first = clientOf(application).get("/");
    await expect.poll(() => upstream.connections.length).toBe(1);
    const left = Array.from({ length: 4000 }, () => {
      const environ = mockEnviron({ environ: { "tsgi.signal": AbortSignal.abort() } });
      return Promise.resolve(application(environ, () => () => {})).then(
        () => "answered",
        (error: unknown) => (error as Error).name,
      );
    });
    const last = clientOf(application).get("/");
    await expect.poll(() => application.stats().queued).toBe(4001);
    go();
    expect([(await first).status, (await last).status]).toEqual([200, 200]);
    expect(new Set(await Promise.all(left))).toEqual(new Set(["ClientDisconnected"]));
    expect(application.stats()).toMatchObject({ connects: 1, requests: 2, queued: 0 });
  });

  test("make room in the queue where clients have left it", async () => {
    const upstream = await scripted(() => {});
    const application = proxyTo(urlOf(upstream), { maxConnections: 1, maxQueue: 1, queueSeconds: 0.2 });
    const first = clientOf(application).get("/");
    await expect.poll(() => upstream.connections.length).toBe(1);
    const leaving = new AbortController();
    const left = Promise.resolve(
      application(mockEnviron({ environ: { "tsgi.signal": leaving.signal } }), () => () => {}),
    );
    left.catch(() => {});
    await expect.poll(() => application.stats().queued).toBe(1);
    leaving.abort();
    // The place is free: this one waits until its time is over.
    expect((await clientOf(application).get("/")).status).toBe(504);
    await expect(left).rejects.toThrow("The client left");
    upstream.close();
    expect((await first).status).toBe(502);
  });

  test("can be of a unix socket, and are closed with the application", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsgi-proxy-"));
    const server = createServer((_request, response) => response.end("ok"));
    server.listen(join(folder, "s"));
    await once(server, "listening");
    onTestFinished(() => void server.close());
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const application = proxyTo(`unix:${join(folder, "s")}`);
    const client = clientOf(application);
    expect((await client.get("/")).text()).toBe("ok");
    await application.close();
    expect(application.stats().addresses[0]?.idle).toBe(0);
    expect((await client.get("/")).status).toBe(503);
  });
});

describe("Several addresses", () => {
  test("are used in turn, and one that fails is left alone", async () => {
    const answer =
      (text: string): UpstreamScript =>
      async ({ saw, say, end }) => {
        await saw("\r\n\r\n");
        say(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`);
        end();
      };
    const [a, b] = [await scripted(answer("a")), await scripted(answer("b"))];
    const application = proxyTo([urlOf(a), urlOf(b)]);
    const client = clientOf(application);
    const texts = async (count: number): Promise<string> => {
      let text = "";
      for (let turn = 0; turn < count; turn += 1) text += (await client.post("/", { body: "x" })).text();
      return text;
    };
    expect((await texts(6)).replaceAll("a", "").length).toBe(3);
    b.close();
    expect(await texts(6)).toBe("aaaaaa");
    expect(application.stats()).toMatchObject({ failures: 0, addresses: [{ isDown: false }, { isDown: true }] });
    a.close();
    expect((await client.get("/")).status).toBe(502);
  });
});

describe("Several addresses of which one has died", () => {
  test("do not keep those who wait for the other busy", async () => {
    const held: (() => void)[] = [];
    const holding: UpstreamScript = async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      await new Promise<void>((resolve) => void held.push(resolve));
      say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
      end();
    };
    const [dying, other] = [await scripted(holding), await scripted(holding)];
    const application = proxyTo([urlOf(dying), urlOf(other)], { maxConnections: 1, failSeconds: 0 });
    const requests = Array.from({ length: 4 }, () => clientOf(application).post("/", { body: "x" }));
    await expect.poll(() => [held.length, application.stats().queued]).toEqual([2, 2]);
    dying.close();
    // Each who waits has tried the one that died once, and waits for the other.
    await expect.poll(() => application.stats()).toMatchObject({ connects: 4, queued: 2 });
    await new Promise((resolve) => void setTimeout(resolve, 100));
    expect(application.stats().connects).toBe(4);
    const finishing = setInterval(() => {
      for (const go of held.splice(0)) go();
    }, 5);
    onTestFinished(() => clearInterval(finishing));
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 502]);
  });
});

describe("Time", () => {
  test("an upstream that says nothing: 504", async () => {
    const upstream = await scripted(() => {});
    const response = await clientOf(proxyTo(urlOf(upstream), { readSeconds: 0.1 })).get("/");
    expect([response.status, response.errors]).toEqual([504, expect.stringContaining("did not answer for 0.1 s")]);
    await upstream.connections[0]?.closed();
  });

  test("a head that stops: 504; a body that stops breaks off; both within the time for all", async () => {
    const head = await scripted(({ say }) => say("HTTP/1.1 200 OK\r\nA: "));
    const body = await scripted(({ say }) => say("HTTP/1.1 200 OK\r\n\r\nabc"));
    const slow = await scripted(({ say, socket }) => {
      say("HTTP/1.1 200 OK\r\n\r\n");
      const timer = setInterval(() => say("x"), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const [first, second, third] = await Promise.all([
      clientOf(proxyTo(urlOf(head), { readSeconds: 0.1 })).get("/"),
      clientOf(proxyTo(urlOf(body), { readSeconds: 0.1 })).get("/"),
      clientOf(proxyTo(urlOf(slow), { totalSeconds: 0.1 })).get("/"),
    ]);
    expect([first.status, second.status, second.text(), second.isComplete]).toEqual([504, 200, "abc", false]);
    expect(second.errors).toContain("sent no more of its answer for 0.1 s");
    expect([third.status, third.isComplete]).toEqual([200, false]);
    expect(third.errors).toContain("did not answer completely in 0.1 s");
  });

  test("an upstream that takes no more of the request: 504", async () => {
    const upstream = await scripted(({ socket }) => void socket.pause());
    const application = proxyTo(urlOf(upstream), { writeSeconds: 0.2, readSeconds: 20 });
    const response = await clientOf(application).post("/", { body: Buffer.alloc(30_000_000) });
    expect([response.status, response.errors]).toEqual([504, expect.stringContaining("took no more of the request")]);
  });
});

describe("Bodies", () => {
  test("an answer that comes before the request is whole is given, and the connection is not used again", async () => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    });
    const application = proxyTo(urlOf(upstream));
    const response = await clientOf(application).post("/", { body: Buffer.alloc(20_000_000) });
    expect([response.status, response.text()]).toEqual([413, "no"]);
    expect(application.stats().addresses[0]).toMatchObject({ active: 0, idle: 0 });
  });

  test("a client that asks first is asked for its body when the upstream wants it", async () => {
    const upstream = await scripted(async (connection) => {
      const { saw, say, number } = connection;
      await saw("Expect: 100-continue\r\n");
      await saw("\r\n\r\n");
      if (number === 1) {
        say("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno");
        return;
      }
      expect(connection.text).not.toContain("\r\n\r\nbody");
      say("HTTP/1.1 100 Continue\r\n\r\n");
      await saw("body");
      say(OK);
    });
    const server = makeServer("127.0.0.1", 0, proxyTo(urlOf(upstream)));
    await server.listen();
    onTestFinished(() => server.close(0));
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    const refused = await rawRequest(server.address, head, { until: (text) => text.includes("\r\n\r\nno") });
    expect(refused.text).toMatch(/^HTTP\/1\.1 417 /);
    const taken = await rawRequest(server.address, `${head}body`, { until: (text) => text.includes("ok") });
    expect(taken.text).toContain("HTTP/1.1 200 OK");
    expect(upstream.errors).toEqual([]);
  });

  test("a slow reader stops the upstream, and memory stays bounded", async () => {
    let sent = 0;
    const upstream = await scripted(async ({ saw, say, socket }) => {
      await saw("\r\n\r\n");
      say("HTTP/1.1 200 OK\r\n\r\n");
      const block = Buffer.alloc(65_536);
      const more = (): void => {
        for (let isFree = true; isFree && sent < 2e8; sent += block.length) isFree = socket.write(block);
      };
      socket.on("drain", more);
      more();
    });
    const guest = proxyTo(urlOf(upstream));
    const body = await guest(mockEnviron(), () => () => {});
    const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(first.done).toBe(false);
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = before === sent;
          before = sent;
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(sent).toBeLessThan(5e7);
    (body as { close(): void }).close();
    await upstream.connections[0]?.closed();
  });

  test("a client that leaves ends the request to the upstream", async () => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say("HTTP/1.1 200 OK\r\n\r\nabc");
    });
    const silent = await scripted(() => {});
    await clientOf(proxyTo(urlOf(upstream))).get("/", { leaveAfterBytes: 3 });
    await upstream.connections[0]?.closed();
    const server = makeServer("127.0.0.1", 0, proxyTo(urlOf(silent)));
    await server.listen();
    onTestFinished(() => server.close(0));
    await rawRequest(server.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", { timeoutMs: 50 });
    await silent.connections[0]?.closed();
    expect([...upstream.errors, ...silent.errors]).toEqual([]);
  });
});

test.each<[options: ProxyOptions, message: string]>([
  [{ upstream: [] }, 'Option "upstream" is empty'],
  [{ upstream: "127.0.0.1:80" }, 'has "127.0.0.1:80"; expected http://HOST:PORT'],
  [{ upstream: "ftp://a" }, 'has "ftp://a"'],
  [{ upstream: "http://a:0" }, "expected HOST or HOST:PORT"],
  [{ upstream: "http://a:70000" }, "expected HOST or HOST:PORT"],
  [{ upstream: "http://a@b" }, "expected HOST or HOST:PORT"],
  [{ upstream: "http://a/b c" }, "expected http"],
  [{ upstream: "unix:" }, "expected http"],
  [{ upstream: ["http://a/b", "http://a/c"] }, "different paths"],
  [{ upstream: "http://a", maxConnections: 0 }, 'Option "maxConnections" is 0; expected 1 or more'],
  [{ upstream: "http://a", readSeconds: -1 }, "expected 0 or more"],
  [{ upstream: "http://a", host: "a\r\nb" }, 'Option "host" is'],
])("%j is refused: %s", (options, message) => {
  expect(() => proxyApplication(options)).toThrow(message);
});
