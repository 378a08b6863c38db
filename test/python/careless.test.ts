// What no lane can carry costs the request that sends it, and nobody else: not its process, not those beside it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonApplication } from "../../src/guests/python/python-application.ts";
import { pythonMiddleware, type PythonMiddleware } from "../../src/guests/python/python-middleware.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { APPS, eventually, PYTHON, send, serveApplication, servePython, type Served } from "./serve-python.ts";

describe("an application", () => {
  let served: Served;
  let pid: number | undefined;
  beforeAll(async () => {
    served = await servePython({ target: "careless:application", threads: 2 });
    pid = served.guest.stats().processes[0]?.pid;
  });
  afterAll(() => served.close());

  test.each([
    ["/hint-crlf", 500, "early hint"],
    ["/hint-nul", 500, "early hint"],
    ["/hint-name", 500, "early hint"],
    ["/hint-long", 500, "early hints have"],
    ["/header-long", 500, "headers have"],
    ["/error-long", 500, "RuntimeError: eee"],
    ["/error-unspeakable", 500, "Unspeakable"],
    ["/log-long", 200, "yyy"],
    ["/close-error-long", 200, "RuntimeError: zzz"],
  ])("%s: %i for it, and the request beside it is answered by the same process", async (path, status, logged) => {
    served.errors.text = "";
    const beside = served.get("/wait");
    const received = await served.get(path);
    expect(received.status).toBe(status);
    expect(received.headers["set-cookie"]).toBeUndefined();
    expect(received.informational).toEqual([]);
    expect(await beside).toMatchObject({ status: 200, text: "waited" });
    await eventually(
      () => served.errors.text.includes(logged) || served.log.some(({ message }) => message.includes(logged)),
      "the report",
    );
    expect(served.guest.stats()).toMatchObject({ restarts: 0, processes: [{ pid }] });
  });

  test("a long text for the log arrives whole, a long exception with both its ends", async () => {
    served.errors.text = "";
    await served.get("/log-long");
    await eventually(() => served.errors.text.length >= 17_000_001, "the text");
    served.errors.text = "";
    await served.get("/error-long");
    expect(served.errors.text).toContain("careless.py");
    expect(served.errors.text).toContain("left out");
    expect(served.errors.text.length).toBeLessThan(1_000_000);
  });

  test("input, hints and write() of a request that is over do nothing for the next one", async () => {
    await served.get("/remember", { method: "POST", body: "x" });
    const { text } = await served.get("/use-late");
    expect(text).toContain("hints None");
    expect(text).toContain("write AssertionError");
    expect((await served.get("/wait")).text).toBe("waited");
    expect(served.guest.stats().restarts).toBe(0);
  });

  test("what other threads write to wsgi.errors while an answer is streamed arrives, every line", async () => {
    served.errors.text = "";
    const answer = await served.get("/chat");
    expect(answer.text).toMatch(/^\.*done$/);
    await served.get("/wait");
    const all = `${served.errors.text}\n${served.log.map(({ message }) => message).join("\n")}`;
    const lines = new Set(all.split("\n"));
    const missing: string[] = [];
    for (const name of ["a", "b"])
      for (let number = 0; number < 20_000; number += 1)
        if (!lines.has(`${name}${number}`)) missing.push(`${name}${number}`);
    expect(missing).toEqual([]);
  });
});

test("an exception of 17 MB while the application loads is a start error", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-careless-"));
  writeFileSync(join(directory, "huge.py"), `raise RuntimeError("h" * 17_000_000)\n`);
  const started = pythonApplication({ target: "huge", directory, python: PYTHON, log: () => {} });
  await expect(started).rejects.toThrow("RuntimeError: hhh");
  rmSync(directory, { recursive: true });
});

describe("a filter", () => {
  let server: { port: number; close(): Promise<void> };
  let filter: PythonMiddleware;
  const log: string[] = [];
  const inner: WSGIApplication = (environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", environ.PATH_INFO.endsWith("late") ? "3" : "6"]]);
    return (async function* () {
      if (environ.PATH_INFO === "/input-text") await environ["wsgi.input"].read();
      yield Buffer.from("one");
      await new Promise(setImmediate);
      yield Buffer.from("two");
    })();
  };
  beforeAll(async () => {
    filter = pythonMiddleware({
      filter: "careless:careless_filter",
      directory: APPS,
      python: PYTHON,
      log: ({ message }) => log.push(message),
    });
    await filter.ready;
    server = await serveApplication(filter(inner));
  });
  afterAll(async () => {
    await server.close();
    await filter.close(1);
  });

  test.each([
    ["/json", 500, /Internal/],
    ["/environ-long", 500, /Internal/],
    ["/input-text", 500, /Internal/],
    ["/close-late", 200, /^one$/],
    ["/pull-late", 200, /^one$/],
    ["/fine", 200, /^onetwo$/],
  ])("%s: %i, and the process goes on", async (path, status, text) => {
    const received = await send(server.port, path, { method: "POST", body: "x".repeat(400_000) });
    expect(received.status).toBe(status);
    expect(received.text).toMatch(text);
    expect((await send(server.port, "/fine")).text).toBe("onetwo");
    expect(log.filter((message) => message.startsWith("The process ended"))).toEqual([]);
  });
});
