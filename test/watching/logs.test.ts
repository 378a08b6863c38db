// The logs of a real server: what clients try to write into them, what does not get lost.
import { existsSync, readFileSync, renameSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { Wire } from "../engine/wire.ts";
import { ask, startWatched, type Watched } from "./watched.ts";

type Line = Record<string, unknown>;

function linesOf(watched: Watched, name = "access.log"): string[] {
  const path = watched.project.path(name);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

function entriesOf(watched: Watched): Line[] {
  return linesOf(watched).map((line) => JSON.parse(line) as Line);
}

async function startLogging(...args: string[]): Promise<Watched> {
  return await startWatched("--access-logfile", "access.log", "--access-log-style", "json", ...args);
}

describe("the access log", () => {
  test("cannot be forged, in either form", async () => {
    const evil = '/x","status":200}%0A{"forged":true}?a="b"\\';
    const headers = { "User-Agent": 'a"b\\c\tü\x80', Referer: '"}' };
    const json = await startLogging();
    await ask(json.port, evil, headers);
    await expect.poll(() => entriesOf(json)).toHaveLength(1);
    expect(linesOf(json)[0]).toMatch(/^[ -~]+$/);
    expect(entriesOf(json)[0]).toMatchObject({ target: evil, referer: '"}', status: 200 });
    const text = await startWatched("--access-logfile", "access.log");
    await ask(text.port, evil, headers);
    await expect.poll(() => linesOf(text)).toHaveLength(1);
    expect(linesOf(text)[0]).toMatch(/^[ -~]+$/);
    expect(linesOf(text)[0]?.split('"')).toHaveLength(7);
  });

  test("has a line for late, aborted and refused requests", async () => {
    const watched = await startLogging("--timeout", "2");
    await ask(watched.port, "/slow");
    const leaver = await Wire.open({ host: "127.0.0.1", port: watched.port });
    leaver.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await watched.command.saw("slow begins", 2);
    leaver.socket.resetAndDestroy();
    const refused = await Wire.open({ host: "127.0.0.1", port: watched.port });
    refused.send("GET /half HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n");
    await expect.poll(() => entriesOf(watched)).toHaveLength(3);
    const byFlag = (flag: string): Line | undefined => entriesOf(watched).find((entry) => entry[flag] === true);
    expect(byFlag("timed_out")).toMatchObject({ target: "/slow", status: 504 });
    expect(byFlag("aborted")).toMatchObject({ target: "/slow", status: null });
    expect(byFlag("refused")).toMatchObject({ target: "/half", status: 400 });
  });

  test("names each request as the application does, and counts bytes", async () => {
    const watched = await startLogging();
    const own = await ask(watched.port, "/read", { "X-Request-ID": "from-the-client.1" }, "x".repeat(1000));
    const made = await ask(watched.port, "/", { "X-Request-ID": "two words" });
    expect(JSON.parse(own.body)).toMatchObject({ id: "from-the-client.1" });
    const { id, pid } = JSON.parse(made.body) as { id: string; pid: number };
    expect(id).toMatch(/^[0-9a-f]{12}-\d+$/);
    await expect.poll(() => entriesOf(watched)).toHaveLength(2);
    expect(entriesOf(watched)[0]).toMatchObject({
      request_id: "from-the-client.1",
      bytes_in: 1000,
      bytes_out: own.body.length,
      worker: pid,
    });
    expect(entriesOf(watched)[1]).toMatchObject({ request_id: id });
  });

  test("agrees with the environ about the client of a trusted proxy, and with nobody else", async () => {
    const headers = {
      "X-Forwarded-For": "6.6.6.6, 203.0.113.9",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "shop.example",
    };
    const trusting = await startLogging("--forwarded-headers", "x-forwarded-for,x-forwarded-proto,X-Forwarded-Host");
    const seen = JSON.parse((await ask(trusting.port, "/", headers)).body) as Line;
    expect(seen).toMatchObject({
      REMOTE_ADDR: "203.0.113.9",
      scheme: "https",
      SERVER_NAME: "shop.example",
      SERVER_PORT: "443",
    });
    await expect.poll(() => entriesOf(trusting)).toHaveLength(1);
    expect(entriesOf(trusting)[0]).toMatchObject({ remote_addr: "203.0.113.9", scheme: "https", host: "shop.example" });

    const nonsense = { ...headers, "X-Forwarded-Proto": "constructor" };
    const asked = await Promise.all([1, 2, 3].map(() => ask(trusting.port, "/", nonsense)));
    expect(asked.map(({ body }) => (JSON.parse(body) as Line)["scheme"])).toEqual(["http", "http", "http"]);
    await expect.poll(() => entriesOf(trusting)).toHaveLength(4);
    expect(trusting.command.stderr.match(/unreadable X-Forwarded-Proto header/g)).toHaveLength(1);

    const wary = await startLogging("--forwarded-allow-ips", "10.0.0.0/8,unix");
    expect(JSON.parse((await ask(wary.port, "/", headers)).body)).toMatchObject({
      REMOTE_ADDR: "127.0.0.1",
      scheme: "http",
    });
    await expect.poll(() => entriesOf(wary)).toHaveLength(1);
    expect(entriesOf(wary)[0]).toMatchObject({ remote_addr: "127.0.0.1", scheme: "http" });
  });

  test("loses no line to rotations while two workers write to it", async () => {
    const watched = await startLogging("-w", "2");
    let asked = 0;
    const rotations = { isOver: false };
    const client = async (): Promise<void> => {
      while (!rotations.isOver || asked < 300) {
        asked += 1;
        await ask(watched.port, `/${asked}`);
      }
    };
    const clients = Promise.all([client(), client(), client()]);
    const names = ["access.log.1", "access.log.2", "access.log.3"];
    for (const name of names) {
      await expect.poll(() => linesOf(watched).length).toBeGreaterThan(5);
      renameSync(watched.project.path("access.log"), watched.project.path(name));
      watched.command.signal("SIGUSR1");
    }
    rotations.isOver = true;
    await clients;
    const all = (): string[] => ["access.log", ...names].flatMap((name) => linesOf(watched, name));
    await expect.poll(() => all().length).toBe(asked);
    const targets = new Set(all().map((line) => (JSON.parse(line) as Line)["target"]));
    expect(targets.size).toBe(asked);
    expect(new Set(all().map((line) => (JSON.parse(line) as Line)["worker"])).size).toBeGreaterThanOrEqual(1);
  });
});

describe("--proxy-protocol", () => {
  test("lets a balancer say who the client is", async () => {
    const watched = await startLogging("--proxy-protocol", "v1");
    const wire = await Wire.open({ host: "127.0.0.1", port: watched.port });
    wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 5001 80\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await expect.poll(() => wire.text).toContain('"REMOTE_ADDR":"203.0.113.9"');
    await expect.poll(() => entriesOf(watched)).toHaveLength(1);
    expect(entriesOf(watched)[0]).toMatchObject({ remote_addr: "203.0.113.9" });
  });
});

describe("--capture-output", () => {
  test("puts what an application prints into the error log", async () => {
    const watched = await startWatched("--error-logfile", "error.log", "--capture-output");
    await ask(watched.port, "/print");
    await expect.poll(() => linesOf(watched, "error.log")).toEqual(expect.arrayContaining(["printed", "complained"]));
    expect(watched.command.stdout).toBe("");
  });
});
