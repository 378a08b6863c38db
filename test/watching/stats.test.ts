// The private listener of a real server, asked while clients are served.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { statSync } from "node:fs";

import { describe, expect, onTestFinished, test } from "vitest";

import { parsePrometheusText, type ParsedFamily } from "./prometheus-parser.ts";
import { ask, startWatched, statsAddress } from "./watched.ts";

function valueOf(families: readonly ParsedFamily[], name: string, labels: Record<string, string> = {}): number {
  const samples = families.flatMap((family) => family.samples).filter((sample) => sample.name === name);
  const wanted = JSON.stringify(labels);
  return samples.find((sample) => JSON.stringify(sample.labels) === wanted)?.value ?? Number.NaN;
}

async function metrics(address: string): Promise<ParsedFamily[]> {
  const answer = await ask(address, "/metrics");
  expect(answer).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
  return parsePrometheusText(answer.body);
}

describe("--stats", () => {
  test("answers no page of the web whose name points here", async () => {
    const address = statsAddress(await startWatched("--stats", "127.0.0.1:0"));
    const statusFor = async (host: string): Promise<number> => (await ask(address, "/stats", { Host: host })).status;
    for (const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
      expect(await statusFor(host)).toBe(421);
    for (const host of ["127.0.0.1:80", "localhost", "stats.localhost:80", "[::1]:80"])
      expect(await statusFor(host)).toBe(200);
  });

  test("counts what clients got, under load and from dead workers too", async () => {
    const watched = await startWatched("-w", "2", "--stats", "127.0.0.1:0");
    const address = statsAddress(watched);
    const load = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await ask(watched.port, index % 10 === 0 ? "/missing" : "/");
      }
    };
    const clients = Promise.all([load(50), load(50)]);
    const during = await Promise.all([metrics(address), metrics(address), ask(address, "/stats")]);
    await clients;
    expect(during[2].status).toBe(200);
    const families = await metrics(address);
    expect(valueOf(families, "tsgi_requests_total", { code: "2xx" })).toBe(90);
    expect(valueOf(families, "tsgi_requests_total", { code: "4xx" })).toBe(10);
    expect(valueOf(families, "tsgi_request_duration_seconds_count")).toBe(100);
    expect(valueOf(families, "tsgi_workers", { phase: "serving" })).toBe(2);
    expect(valueOf(families, "tsgi_worker_resident_memory_bytes", { worker: "1" })).toBeGreaterThan(1e6);

    watched.command.signal("SIGHUP");
    await expect
      .poll(async () => valueOf(await metrics(address), "tsgi_worker_ends_total", { reason: "reload" }), {
        timeout: 20_000,
      })
      .toBe(2);
    const after = await metrics(address);
    expect(valueOf(after, "tsgi_requests_total", { code: "2xx" })).toBe(90);
    expect(valueOf(after, "tsgi_request_duration_seconds_count")).toBe(100);
    expect(valueOf(after, "tsgi_generation")).toBe(2);
  });

  test("answers health, readiness and nothing else", async () => {
    const watched = await startWatched("--stats", "127.0.0.1:0");
    const address = statsAddress(watched);
    await expect.poll(async () => (await ask(address, "/readyz")).status).toBe(200);
    expect(await ask(address, "/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await ask(address, "/")).toMatchObject({ status: 404 });
    expect(await ask(address, "/__proto__")).toMatchObject({ status: 404 });
    expect(await ask(address, "/metrics", {}, "body")).toMatchObject({ status: 405 });
    expect(await ask(watched.port, "/metrics")).toMatchObject({ type: "application/json" });
  });

  test("turns unready while the server stops, and stays up until it has stopped", async () => {
    const watched = await startWatched("--stats", "127.0.0.1:0", "--lame-duck-seconds", "4");
    const address = statsAddress(watched);
    await expect.poll(async () => (await ask(address, "/readyz")).status).toBe(200);
    watched.command.signal("SIGTERM");
    await expect.poll(async () => await ask(address, "/readyz")).toMatchObject({ status: 503, body: "stopping\n" });
    expect(await ask(address, "/healthz")).toMatchObject({ status: 200 });
    expect(await ask(watched.port, "/")).toMatchObject({ status: 200 });
    expect(await watched.command.result).toMatchObject({ code: 0 });
  });

  test("counts deadlines, and says what the server is", async () => {
    const watched = await startWatched("--stats", "unix:stats.sock", "--timeout", "1");
    const address = `unix:${watched.project.path("stats.sock")}`;
    expect(statSync(watched.project.path("stats.sock")).mode & 0o777).toBe(0o660);
    expect(await ask(watched.port, "/slow")).toMatchObject({ status: 504 });
    const stats = JSON.parse((await ask(address, "/stats")).body) as object;
    expect(stats).toMatchObject({
      target: "app.mjs",
      generation: 1,
      isReady: true,
      total: { requests: 1, timeouts: 1, statusClasses: [0, 0, 0, 0, 0, 1] },
      workers: [{ phase: "serving", stats: { requests: 1 } }],
    });
  });

  test("is an error when its address is taken", async () => {
    const first = await startWatched("--stats", "127.0.0.1:0");
    const result = await first.project.run(["app.mjs", "-b", "127.0.0.1:0", "--stats", statsAddress(first)]);
    expect(result).toMatchObject({ code: 9 });
    expect(result.stderr).toContain("in use");
  });
});

describe("--statsd-host", () => {
  test("is told of requests, with prefix and tags", async () => {
    const daemon = createSocket("udp4");
    daemon.bind(0, "127.0.0.1");
    await once(daemon, "listening");
    onTestFinished(() => void daemon.close());
    let text = "";
    daemon.on("message", (message) => (text += `${message.toString()}\n`));
    const host = `127.0.0.1:${daemon.address().port}`;
    const watched = await startWatched(
      "--statsd-host",
      host,
      "--statsd-prefix",
      "shop",
      "--dogstatsd-tags",
      "env:test",
    );
    await ask(watched.port, "/");
    await ask(watched.port, "/");
    await expect
      .poll(
        () =>
          [...text.matchAll(/^shop\.requests:(\d+)\|c\|#env:test$/gm)].reduce(
            (sum, [, count]) => sum + Number(count),
            0,
          ),
        {
          timeout: 10_000,
        },
      )
      .toBe(2);
    expect(text).toMatch(/^shop\.request\.duration:[\d.]+\|ms\|@[\d.]+\|#env:test$/m);
    expect(text).toMatch(/^shop\.workers:1\|g\|#env:test$/m);
  });
});
