// What a PSGI application may do, and what a client sees of it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { perlApplication } from "../../src/guests/perl/perl-application.ts";
import { eventually } from "../python/serve-python.ts";
import { interpreterWith } from "../needs.ts";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { APPS, servePerl } from "./serve-perl.ts";

const perl = interpreterWith("perl");
const directory = mkdtempSync(join(tmpdir(), "tsgi-perl-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe.skipIf(perl === undefined)("A PSGI application", () => {
  let served: ServedGuest;
  beforeAll(async () => {
    const environment = { CRLF_FILE: written("crlf.txt", "a\r\nb\r\n") };
    served = await servePerl({
      target: "torture.psgi",
      arguments: ["one", "two"],
      environment,
      bodyMemoryBytes: 1000,
      bodyFileBytes: 100_000,
    });
  });
  afterAll(() => served.close());

  test.each([
    ["/hello", "hello"],
    ["/several", "one two three"],
    ["/lines", "abc"],
    ["/later", "later"],
    ["/writer", "xy"],
    ["/unclosed", "z"],
    ["/layers", "a\nb\n"],
    ["/argv", "one,two"],
  ])("%s is answered with %j", async (path, text) => {
    expect(await served.get(path)).toMatchObject({ status: 200, text });
  });

  test("text that Perl keeps as UTF-8 inside leaves as bytes", async () => {
    expect((await served.get("/upgraded")).body).toEqual(Buffer.from("caf\xe9", "latin1"));
  });

  test("a file is sent from where it stands", async () => {
    const [whole, half] = [await served.get("/file"), await served.get("/half")];
    expect(whole.text).toMatch(/^# Answers by path/);
    expect(half.text).toBe(whole.text.slice(10));
  });

  test.each([
    ["/silent", "returned from its delayed response without an answer"],
    ["/number", "The application returned '42', expected a list of status, headers and body"],
    ["/wide", "Wide character in the body"],
    ["/wide-head", "A header holds characters above 255"],
    ["/odd", "expected a list of names and values"],
    ["/inject", "X-A"],
    ["/nul", "A header holds a NUL"],
    ["/status", "The status is '200 OK', expected a whole number"],
    ["/die", "died on purpose, at the träge path"],
    ["/object", "My::Exception"],
  ])("%s is a 500, and the log says why", async (path, message) => {
    served.errors.text = "";
    expect(await served.get(path)).toMatchObject({ status: 500 });
    expect(served.errors.text).toContain(message);
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test("an answer that is given twice is sent once, and the log tells", async () => {
    expect(await served.get("/twice")).toMatchObject({ status: 200, text: "first" });
    await eventually(
      () => served.log.some(({ message }) => message.includes("The application answered twice")),
      "the log",
    );
  });

  test("close is called once, also where the body fails: that breaks the answer off", async () => {
    const before = Number((await served.get("/closed")).text);
    await served.get("/lines");
    await expect(served.get("/fails-late")).rejects.toThrow("aborted");
    expect(Number((await served.get("/closed")).text)).toBe(before + 2);
  });

  test("what it changes of Perl's own variables concerns no other request", async () => {
    await served.get("/separator");
    expect((await served.get("/readlines", { method: "POST", body: "one\ntwo\nthree" })).text).toBe("4 2 over");
  });

  test("psgi.errors goes to the log, as a handle and by its methods", async () => {
    served.errors.text = "";
    await served.get("/errors");
    await eventually(() => served.errors.text.includes("by method €"), "the log");
    expect(served.errors.text).toContain("printed\n");
  });

  test("cleanup handlers run after the answer, also behind one that dies", async () => {
    await served.get("/cleanup");
    expect(await served.get("/cleaned")).toMatchObject({ text: "2" });
  });

  test.each([
    ["in memory", 500],
    ["in a file", 50_000],
    ["streamed", 500_000],
  ])("a body %s is read by Perl's own functions", async (_where, size) => {
    const body = Buffer.alloc(size, "0123456789abcde\n");
    const post = (path: string): Promise<{ text: string; body: Buffer }> => served.get(path, { method: "POST", body });
    expect((await post("/read")).body.equals(body)).toBe(true);
    expect((await post("/readlines")).text).toBe(`16 ${Math.ceil(size / 16) - 1} over`);
    expect((await post("/offset")).text).toBe("ab00012");
  });

  test("a buffered body may be read again", async () => {
    expect((await served.get("/seek", { method: "POST", body: "hello" })).text).toBe("hel hello");
  });

  test("the environ is that of PSGI: decoded path, raw target, nothing of WSGI's", async () => {
    const { text } = await served.get("/environ?a=%20b", { headers: { "X-Name": "caf\u00e9" } });
    const environ = Object.fromEntries(
      text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
    expect(environ).toMatchObject({
      PATH_INFO: "/environ",
      SCRIPT_NAME: "",
      QUERY_STRING: "a=%20b",
      REQUEST_URI: "/environ?a=%20b",
      "psgi.version": "ARRAY",
      "psgi.url_scheme": "http",
      "psgi.input": "GLOB",
      "psgi.streaming": "1",
      "psgi.nonblocking": "",
      "psgix.input.buffered": "1",
    });
    expect(Object.keys(environ).filter((key) => key.startsWith("wsgi."))).toEqual([]);
  });

  test("early hints reach the client before the answer", async () => {
    const { informational } = await served.get("/hints");
    expect(informational).toMatchObject([{ link: "</a.css>; rel=preload" }]);
  });

  test("a large answer arrives whole", async () => {
    expect((await served.get("/big")).body.length).toBe(5_000_000);
  });

  test("a process that the application forks cannot answer in its parent's place", async () => {
    expect(await served.get("/fork")).toMatchObject({ status: 200, text: "parent" });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test("harakiri: the process answers, ends, and another takes its place", async () => {
    const { text: before } = await served.get("/harakiri");
    const { text: after } = await served.get("/pid");
    expect(after).not.toBe(before);
  });

  test("a client that leaves ends a delayed response, and the process goes on", async () => {
    const { text: before } = await served.get("/pid");
    const socket = connect(served.port, "127.0.0.1");
    socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    expect(await served.get("/pid")).toMatchObject({ status: 200, text: before });
  });

  test("exit is a 502 for its request, and another process goes on", async () => {
    expect(await served.get("/exit")).toMatchObject({ status: 502 });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });
});

describe.skipIf(perl === undefined)("A Perl guest", () => {
  test("says what runs it", async () => {
    const served = await servePerl({ target: "torture.psgi" });
    await served.close();
    expect(served.log[0]?.message).toMatch(/^Ready: Perl 5\.\d+\.\d+ from \//);
  });

  test("that is stuck is a 504, and the log shows where", async () => {
    const served = await servePerl({ target: "torture.psgi", deadlineSeconds: 1 });
    expect(await served.get("/stuck")).toMatchObject({ status: 504 });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
    await served.close();
    expect(served.errors.text).toMatch(/PerlDeadlineMissed: .* GET \/stuck within 1 s[\s\S]*::inner_loop\(\)/);
  });

  test("preloaded: processes are forked, and one that ends is replaced", async () => {
    const served = await servePerl({ target: "torture.psgi", preload: true, processes: 2 });
    expect(await served.get("/exit")).toMatchObject({ status: 502 });
    const pids = await Promise.all(Array.from({ length: 20 }, async () => (await served.get("/pid")).text));
    await served.close();
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
  });

  test("over its memory limit ends, which is a 502", async () => {
    const served = await servePerl({ target: "torture.psgi", memoryLimitBytes: 100_000_000 });
    expect(await served.get("/memory")).toMatchObject({ status: 502 });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
    await served.close();
  });

  test("loads the changed application on reload, and keeps the old one where the new one is broken", async () => {
    const target = written("changes.psgi", "sub { [200, [], ['old']] }");
    const served = await servePerl({ target, directory });
    written("changes.psgi", "sub { [200, [], ['new']] }");
    await served.guest.reload();
    expect((await served.get("/")).text).toBe("new");
    written("changes.psgi", "sub { [200, [], ['new'] }");
    await expect(served.guest.reload()).rejects.toThrow("syntax error");
    expect((await served.get("/")).text).toBe("new");
    expect(await served.guest.modules()).toContain(target);
    await served.close();
  });

  test.each([
    ["missing.psgi", undefined, 'The file "missing.psgi" does not exist'],
    ["broken.psgi", "sub { ] }", "syntax error"],
    ["nothing.psgi", "42;", "ends with the value '42', expected a PSGI application"],
    ["module.psgi", "use Not::There; sub { }", "Can't locate Not/There.pm"],
    ["dies.psgi", "die qq{on purpose\\n};", "on purpose"],
  ])("%s does not start, with one clear error", async (name, text, message) => {
    if (text !== undefined) written(name, text);
    await expect(perlApplication({ target: name, directory, log: () => {} })).rejects.toThrow(message);
  });

  test("an interpreter that is not there is named", async () => {
    await expect(perlApplication({ target: "torture.psgi", directory: APPS, perl: "perl7" })).rejects.toThrow(
      'The interpreter "perl7" does not exist or is not executable',
    );
  });
});
