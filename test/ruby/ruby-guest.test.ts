// What a Rack application may do, and what a client sees of it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rubyApplication } from "../../src/guests/ruby/ruby-application.ts";
import { eventually } from "../python/serve-python.ts";
import { interpreterWith } from "../needs.ts";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { APPS, serveRuby } from "./serve-ruby.ts";

const ruby = interpreterWith("ruby", "rack");
const directory = mkdtempSync(join(tmpdir(), "tsgi-ruby-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe.skipIf(ruby === undefined)("A Rack application", () => {
  let served: ServedGuest;
  beforeAll(async () => {
    served = await serveRuby({
      target: "torture.ru",
      arguments: ["one", "two"],
      threads: 3,
      bodyMemoryBytes: 1000,
      bodyFileBytes: 100_000,
    });
  });
  afterAll(() => served.close());

  test.each([
    ["/hello", 200, "hello"],
    ["/several", 200, "one two three"],
    ["/parts", 200, "abc"],
    ["/proc", 200, "xyz"],
    ["/thread", 200, "later"],
    ["/frozen", 200, "x"],
    ["/text-status", 201, "x"],
    ["/chunked", 200, "abcde"],
    ["/argv", 200, "one,two"],
  ])("%s is answered with %i and %j", async (path, status, text) => {
    expect(await served.get(path)).toMatchObject({ status, text });
  });

  test.each(["/array", "/lines"])(
    "%s sends a header twice, as one of both versions of Rack writes it",
    async (path) => {
      expect((await served.get(path)).headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    },
  );

  test("a body with a path is sent from its file", async () => {
    expect((await served.get("/path")).text).toMatch(/^# Answers by path/);
  });

  test.each([
    ["/number", "The application returned 42, expected an array of status, headers and body"],
    ["/bad-status", "The status is 1000, expected a whole number from 100 to 599"],
    ["/body-number", "a part of the class Integer, expected strings"],
    ["/no-body", "The application returned the body nil, expected one with each or call"],
    ["/inject", "x-a"],
    ["/nul", "A header holds a NUL"],
    ["/raise", "raised on purpose, at the träge path (RuntimeError)"],
  ])("%s is a 500, and the log says why", async (path, message) => {
    served.errors.text = "";
    expect(await served.get(path)).toMatchObject({ status: 500 });
    expect(served.errors.text).toContain(message);
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test("close is called once, also for a file, and where the body fails: that breaks the answer off", async () => {
    const before = Number((await served.get("/closed")).text);
    await served.get("/parts");
    await served.get("/path");
    await served.get("/parts", { method: "HEAD" });
    await expect(served.get("/fails-late")).rejects.toThrow("aborted");
    await eventually(async () => Number((await served.get("/closed")).text) === before + 4, "four calls of close");
  });

  test("rack.errors goes to the log", async () => {
    served.errors.text = "";
    await served.get("/errors");
    await eventually(() => served.errors.text.includes("and €"), "the log");
    expect(served.errors.text).toContain("printed\n");
  });

  test("rack.response_finished is called last first, behind one that raises too, and rack.after_reply", async () => {
    expect(await served.get("/finished")).toMatchObject({ text: "x" });
    await eventually(
      async () => (await served.get("/finished-list")).text === "last,first 200 nil,reply",
      "all functions to be called",
    );
  });

  test.each([
    ["in memory", 500],
    ["in a file", 50_000],
    ["streamed", 500_000],
  ])("a body %s is read whole, in blocks, by lines, and again", async (_where, size) => {
    const body = Buffer.alloc(size, "0123456789abcde\n");
    const post = (path: string): Promise<{ text: string; body: Buffer }> => served.get(path, { method: "POST", body });
    expect((await post("/read")).body.equals(body)).toBe(true);
    expect((await post("/read-blocks")).text).toBe(`${body.toString()}nil`);
    expect((await post("/gets")).text).toBe(`16 ${Math.ceil(size / 16) - 1}`);
    expect((await post("/rewind")).text).toBe("012 01234");
  });

  test.each([
    ["/environ", "/environ"],
    ["/environ%2Fx", "/environ%2Fx"],
    ["/environ%252F", "/environ%252F"],
    ["/environ/caf%C3%A9", "/environ/caf%C3%A9"],
    ["/environ//a/../b;c=d", "/environ//a/../b;c=d"],
  ])("the path %s stays encoded, as Rack wants it", async (path, wanted) => {
    const { text } = await served.get(`${path}?a=%20b`);
    const environ = new Map(text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
    const keys = ["PATH_INFO", "SCRIPT_NAME", "QUERY_STRING", "rack.url_scheme", "rack.multithread", "rack.hijack?"];
    expect(keys.map((key) => environ.get(key))).toEqual([wanted, "", "a=%20b", "http", "TrueClass", "TrueClass"]);
    expect([...environ.keys()].filter((key) => key.startsWith("wsgi."))).toEqual([]);
  });

  test("early hints reach the client before the answer", async () => {
    const { informational } = await served.get("/hints");
    expect(informational).toMatchObject([{ link: "</a.css>; rel=preload" }]);
  });

  test("a large answer arrives whole", async () => {
    expect((await served.get("/big")).body.length).toBe(5_000_000);
  });

  test("threads answer side by side: one waits for what another does", async () => {
    const waiting = served.get("/wait");
    expect(await served.get("/release")).toMatchObject({ text: "x" });
    expect(await waiting).toMatchObject({ text: "released" });
  });

  test("a process that the application forks cannot answer in its parent's place", async () => {
    expect(await served.get("/fork")).toMatchObject({ status: 200, text: "parent" });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test.each(["/endless", "/silent"])("a client that leaves ends %s, and the process goes on", async (path) => {
    const { text: before } = await served.get("/pid");
    const socket = connect(served.port, "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    // Not its end only, after which it could still want the answer.
    socket.resetAndDestroy();
    await eventually(
      () => served.guest.stats().processes.every(({ running }) => running === 0),
      "all threads to be free",
    );
    expect(await served.get("/pid")).toMatchObject({ status: 200, text: before });
  });

  test("a thread that ends itself is a 500 for its request, and another process goes on", async () => {
    served.errors.text = "";
    const { text: before } = await served.get("/pid");
    expect(await served.get("/ends-thread")).toMatchObject({ status: 500 });
    expect(served.errors.text).toContain("The application has ended the thread of its request");
    await eventually(async () => (await served.get("/pid")).text !== before, "another process");
  });

  test("exit is a 500 for its request, exit! a 502, and another process goes on", async () => {
    expect(await served.get("/exit")).toMatchObject({ status: 500 });
    await eventually(async () => (await served.get("/hello")).status === 200, "another process");
    expect(await served.get("/gone")).toMatchObject({ status: 502 });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });
});

describe.skipIf(ruby === undefined)("A Ruby guest", () => {
  test("that is stuck is a 504, and the log shows where", async () => {
    const served = await serveRuby({ target: "torture.ru", deadlineSeconds: 1 });
    expect(await served.get("/stuck")).toMatchObject({ status: 504 });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
    await served.close();
    expect(served.log[0]?.message).toMatch(/^Ready: Ruby \d+\.\d+\.\d+ from \//);
    expect(served.errors.text).toMatch(/RubyDeadlineMissed: .* GET \/stuck within 1 s[\s\S]*inner_loop/);
  });

  test("preloaded: processes are forked, and one that ends is replaced", async () => {
    const served = await serveRuby({ target: "torture.ru", preload: true, processes: 2, threads: 2 });
    expect(await served.get("/gone")).toMatchObject({ status: 502 });
    const pids = await Promise.all(Array.from({ length: 20 }, async () => (await served.get("/pid")).text));
    await served.close();
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
  });

  test("over its memory limit answers 500, and is replaced", async () => {
    const served = await serveRuby({ target: "torture.ru", memoryLimitBytes: 200_000_000, deadlineSeconds: 0 });
    expect((await served.get("/memory")).status).toBeGreaterThanOrEqual(500);
    await eventually(async () => (await served.get("/hello")).text === "hello", "another process");
    await served.close();
  });

  test("loads the changed application on reload, and keeps the old one where the new one is broken", async () => {
    const target = written("changes.ru", "run ->(_) { [200, {}, ['old']] }");
    const served = await serveRuby({ target, directory });
    written("changes.ru", "run ->(_) { [200, {}, ['new']] }");
    await served.guest.reload();
    expect((await served.get("/")).text).toBe("new");
    written("changes.ru", "run ->(_) { [200, {}, ['new'] }");
    await expect(served.guest.reload()).rejects.toThrow("SyntaxError");
    expect((await served.get("/")).text).toBe("new");
    expect(await served.guest.modules()).toContain(target);
    await served.close();
  });

  test.each([
    ["missing.ru", undefined, 'The file "missing.ru" does not exist'],
    ["broken.ru", "run ->(_) { ] }", "SyntaxError"],
    ["nothing.ru", "use Rack::Runtime", "missing run"],
    ["gem.ru", "require 'not/there'", "cannot load such file -- not/there"],
    ["raises.ru", "raise 'on purpose'", "on purpose"],
  ])("%s does not start, with one clear error", async (name, text, message) => {
    if (text !== undefined) written(name, text);
    await expect(rubyApplication({ target: name, directory, log: () => {} })).rejects.toThrow(message);
  });

  test("an interpreter that is not there is named", async () => {
    await expect(rubyApplication({ target: "torture.ru", directory: APPS, ruby: "ruby9" })).rejects.toThrow(
      'The interpreter "ruby9" does not exist or is not executable',
    );
  });
});
