import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { program } from "../needs.ts";
import { startNginx } from "./nginx.ts";
import { spawnServer } from "./spawn-server.ts";

const nginx = program("nginx");
const BYTES = 20_000_000;
const UPLOAD = Buffer.alloc(BYTES, "0123456789abcdef");

const SETUPS: [title: string, host: string, version: "1.0" | "1.1", settings: string[]][] = [
  ["buffering, over TCP", "127.0.0.1", "1.1", ["proxy_buffering on;", "proxy_request_buffering on;"]],
  ["no buffering, over TCP", "127.0.0.1", "1.1", ["proxy_buffering off;", "proxy_request_buffering off;"]],
  ["no buffering, over a unix socket", "unix:", "1.1", ["proxy_buffering off;", "proxy_request_buffering off;"]],
  ["HTTP/1.0", "127.0.0.1", "1.0", ["proxy_buffering off;"]],
];

describe.skipIf(nginx === undefined).each(SETUPS)("behind nginx with %s", (_title, where, version, settings) => {
  async function start(): Promise<{ url: string; connections: () => Promise<number> }> {
    let host = where;
    if (where === "unix:") {
      const folder = mkdtempSync(join(tmpdir(), "tsgi-upstream-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      host = `unix:${folder}/s`;
    }
    const server = await spawnServer(host);
    const upstream = "path" in server.address ? `unix:${server.address.path}` : `127.0.0.1:${server.address.port}`;
    const port = await startNginx(nginx ?? "", upstream, settings, version);
    return { url: `http://127.0.0.1:${port}`, connections: async () => (await server.state()).connections };
  }

  test("requests are answered, over few connections", async () => {
    const { url, connections } = await start();
    for (let count = 0; count < 50; count += 1) {
      const text = await (await fetch(`${url}/a%20b`)).text();
      expect(text).toBe(`HTTP/${version} GET /a b`);
    }
    expect(await connections()).toBeLessThanOrEqual(4);
  });

  test("20 MB go up and come down", async () => {
    const { url } = await start();
    const up = await fetch(`${url}/up`, { method: "POST", body: UPLOAD });
    expect(await up.text()).toBe(String(BYTES));
    const streamed = await fetch(`${url}/up`, {
      method: "POST",
      body: new Blob([UPLOAD]).stream(),
      duplex: "half",
    });
    expect(await streamed.text()).toBe(String(BYTES));
    for (const path of ["down", "down-length"]) {
      const down = Buffer.from(await (await fetch(`${url}/${path}?${BYTES}`)).arrayBuffer());
      expect(down.equals(UPLOAD)).toBe(true);
    }
  });

  test("events arrive one by one", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/events`);
    const pieces: string[] = [];
    for await (const piece of response.body ?? []) pieces.push(Buffer.from(piece).toString("latin1"));
    expect(pieces.join("")).toBe([1, 2, 3].map((id) => `id: ${id}\ndata: event ${id}\n\n`).join(""));
    expect(pieces.length).toBeGreaterThan(1);
  });

  test("HEAD, an early end and an empty answer leave the connection good", async () => {
    const { url } = await start();
    for (let round = 0; round < 5; round += 1) {
      expect((await fetch(`${url}/down?1000000`, { method: "HEAD" })).status).toBe(200);
      const controller = new AbortController();
      const response = await fetch(`${url}/down?50000000`, { signal: controller.signal });
      controller.abort();
      await response.text().catch(() => "");
      expect(await (await fetch(`${url}/x`)).text()).toMatch(/GET \/x$/);
    }
  });
});
