import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { BROWSERS, program } from "../needs.ts";
import { spawnServer } from "./spawn-server.ts";

const executablePath = program(...BROWSERS);
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

describe.skipIf(executablePath === undefined)("a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ARGS });
  });
  afterAll(async () => {
    await browser.close();
  });

  test("loads a page, streams, uploads a file, follows events, and leaves nothing open", async () => {
    const server = await spawnServer();
    const page = await browser.newPage();
    const url = `http://127.0.0.1:${server.port}`;
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("requestfailed", (request) => problems.push(request.url()));

    const response = await page.goto(`${url}/page`);
    expect(response?.status()).toBe(200);
    expect(await page.title()).toBe("TSGI");
    expect(await page.textContent("#greeting")).toBe("hello");

    const streamed = await page.evaluate<{ bytes: number; reads: number }>(`(async () => {
      const reader = (await fetch("/slow")).body.getReader();
      let bytes = 0, reads = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { bytes, reads };
        bytes += value.length;
        reads += 1;
      }
    })()`);
    expect(streamed.bytes).toBe(20_000);
    expect(streamed.reads).toBeGreaterThan(1);

    const uploaded = await page.evaluate<string>(`(async () => {
      const form = new FormData();
      form.append("file", new File([new Uint8Array(3_000_000).fill(65)], "big.bin"));
      return (await fetch("/echo", { method: "POST", body: form })).text();
    })()`);
    expect(uploaded).toContain('filename="big.bin"');
    expect(uploaded.length).toBeGreaterThan(3_000_000);

    const events = await page.evaluate<string[]>(`new Promise((resolve) => {
      const source = new EventSource("/events");
      const seen = [];
      source.onmessage = ({ data, lastEventId }) => {
        seen.push(lastEventId + " " + data);
        if (seen.length < 3) return;
        source.close();
        resolve(seen);
      };
    })`);
    expect(events).toEqual(["1 event 1", "2 event 2", "3 event 3"]);

    const aborted = await page.evaluate<string>(`(async () => {
      const controller = new AbortController();
      const response = await fetch("/down?500000000", { signal: controller.signal });
      await response.body.getReader().read();
      controller.abort();
      return (await fetch("/after")).text();
    })()`);
    expect(aborted).toBe("HTTP/1.1 GET /after");
    expect(problems.filter((problem) => !/\/(events|down)/.test(problem))).toEqual([]);
    await page.close();
    expect(server.isRunning).toBe(true);
  });
});
