// A client learns of a CGI program's answer before there is any of its body: the program waits for the test to say that it did. What fails
// before the head has left is still answered with the page of an error.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { cgiApplication, type CgiOptions } from "../../src/guests/cgi/cgi-application.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import { validator } from "../../src/wsgi/validator.ts";
import { nothingLeft } from "../gateways/nothing-left.ts";
import { BROWSERS, program } from "../needs.ts";

const executablePath = program(...BROWSERS);
const folder = mkdtempSync(join(tmpdir(), "tsgi-cgi-head-"));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
/** Keeps the process that starts programs, so that each test does not start one. */
const kept = cgiApplication({ program: "/bin/sh" });
afterAll(async () => {
  await kept.close();
  rmSync(folder, { recursive: true });
});

interface Served {
  readonly url: string;
  readonly log: () => string;
  /** Ends what the program waits for by `$wait`. */
  readonly release: () => void;
  /** The process group, once the program has written `$group`. */
  readonly group: string;
}

let count = 0;

/** Serves a program of the shell, under the validator. */
async function serve(lines: string, options: Partial<CgiOptions> = {}): Promise<Served> {
  const name = join(folder, `${(count += 1)}`);
  const [gate, group] = [`${name}.gate`, `${name}.group`];
  const script = lines.replace("$wait", `while [ ! -e ${gate} ]; do sleep 0.02; done`).replace("$group", group);
  writeFileSync(name, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const application = cgiApplication({ program: name, killTimeout: 1, ...options });
  const errors = new StringErrorStream();
  const server = makeServer("127.0.0.1", 0, validator(application), { errors });
  await server.listen();
  const release = (): void => writeFileSync(gate, "");
  closing.push(async () => {
    release();
    await server.close(0);
    await application.close();
  });
  return { url: server.url, log: () => errors.text, release, group };
}

const HEAD = "printf 'Status: 201 Made\\nContent-Type: text/event-stream\\n\\n'";

describe("the head of a CGI program", () => {
  test.each([
    ["a document", HEAD],
    ["a whole HTTP answer", "printf 'HTTP/1.1 201 Made\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n'"],
    ["an answer with a length", "printf 'Content-Length: 8\\n'; sleep 0.1; ".concat(HEAD)],
  ])("comes first: %s", async (_name, head) => {
    const { url, release } = await serve(`${head}; $wait; echo one; echo two`);
    const response = await fetch(url);
    expect([response.status, response.statusText, response.headers.get("Content-Type")]).toEqual([
      201,
      "Made",
      "text/event-stream",
    ]);
    release();
    expect(await response.text()).toBe("one\ntwo\n");
  });

  test("comes first also while the request is being sent", async () => {
    const { url } = await serve(`${HEAD}; cat`);
    let send: () => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(Buffer.from("a"));
        await new Promise<void>((resolve) => (send = resolve));
        controller.enqueue(Buffer.from("b"));
        controller.close();
      },
    });
    const { url: streaming } = await serve(`${HEAD}; cat`, { streamChunked: true });
    const response = await fetch(streaming, { method: "POST", body, duplex: "half" });
    expect(response.status).toBe(201);
    send();
    expect(await response.text()).toBe("ab");
    expect(await (await fetch(url, { method: "POST", body: "whole" })).text()).toBe("whole");
  });

  test("is not sent before it is whole, and HEAD waits for nothing", async () => {
    const { url, release } = await serve(
      `printf 'Status: 201 Made\\nContent-Type: a/b\\n'; $wait; printf 'X-Late: 1\\n\\n'; sleep 60`,
    );
    const asked = fetch(url, { method: "HEAD" });
    setTimeout(release, 100);
    const response = await asked;
    expect([response.status, response.headers.get("X-Late")]).toEqual([201, "1"]);
  });

  test("takes an exit code for the end of an empty body", async () => {
    const { url, log } = await serve(`${HEAD}; exit 3`);
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([201, ""]);
    await expect.poll(log).toMatch(/exit code 3/);
  });

  test.each<[string, string, RegExp]>([
    ["is killed", `${HEAD}; kill -9 $$`, /SIGKILL has ended/],
    ["is shorter than its length", `printf 'Content-Length: 9\\n'; ${HEAD}`, /9 announced, 0 given/],
  ])(
    "is that of an error where there is time for it, and else broken off: a program that %s",
    async (_name, lines, log) => {
      const served = await serve(lines);
      const response = await fetch(served.url);
      const text = await response.text().catch(() => "broken off");
      expect([`500 500 Internal Server Error\n`, "201 broken off"]).toContain(`${response.status} ${text}`);
      await expect.poll(served.log).toMatch(log);
    },
  );

  test.each<[string, string, Partial<CgiOptions>, RegExp]>([
    ["is killed", `${HEAD}; $wait; kill -9 $$`, {}, /SIGKILL has ended/],
    ["is shorter than its length", `printf 'Content-Length: 9\\n'; ${HEAD}; $wait`, {}, /9 announced, 0 given/],
    ["is silent for too long", `${HEAD}; exec sleep 60`, { idleTimeout: 0.3 }, /written nothing for 0.3 s/],
  ])("has left when a program %s: the answer breaks off", async (_name, lines, options, log) => {
    const served = await serve(lines, options);
    const response = await fetch(served.url);
    expect(response.status).toBe(201);
    served.release();
    await expect(response.text()).rejects.toThrow("terminated");
    await expect.poll(served.log).toMatch(log);
  });

  test("is all that a client waits for: when it leaves, the program is ended", async () => {
    const { url, group } = await serve(`echo $$ > $group; ${HEAD}; sleep 60 & wait`);
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal });
    expect(response.status).toBe(201);
    controller.abort();
    await nothingLeft(Number(readFileSync(group, "utf8")));
    expect(existsSync(group)).toBe(true);
  });
});

describe.skipIf(executablePath === undefined)("an EventSource of a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    });
  });
  afterAll(() => browser.close());

  test("is open before the first event of a program", async () => {
    const { url, release } = await serve(`case "$PATH_INFO" in
/events) printf 'Content-Type: text/event-stream\\n\\n'; $wait; printf 'data: one\\n\\n'; sleep 60 ;;
*) printf 'Content-Type: text/html\\n\\n<!doctype html><title>page</title>' ;;
esac`);
    const page = await browser.newPage();
    await page.goto(url);
    await page.evaluate(`new Promise((resolve) => {
      window.source = new EventSource("/events");
      window.event = new Promise((heard) => { window.source.onmessage = ({ data }) => heard(data); });
      window.source.onopen = resolve;
    })`);
    release();
    expect(await page.evaluate("window.event")).toBe("one");
    await page.close();
  });
});
