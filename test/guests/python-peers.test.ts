// Real servers of Python behind: uWSGI by its own protocol, by FastCGI and by SCGI; gunicorn by HTTP.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fastcgiApplication } from "../../src/guests/fastcgi/fastcgi-application.ts";
import { proxyApplication } from "../../src/guests/proxy/proxy-application.ts";
import { scgiApplication } from "../../src/guests/scgi/scgi-application.ts";
import type { UpstreamApplication } from "../../src/guests/upstream/upstream-application.ts";
import { uwsgiApplication } from "../../src/guests/uwsgi/uwsgi-application.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";
import { venvPython } from "../needs.ts";

const python = venvPython();
const APPS = fileURLToPath(new URL("python", import.meta.url));
const binOf = (name: string): string => join(dirname(python ?? ""), name);

async function started(name: string, args: readonly string[], ports: readonly number[]): Promise<ChildProcess> {
  const child = spawn(binOf(name), args, { cwd: APPS, stdio: ["ignore", "ignore", "ignore"] });
  for (const port of ports) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  if (child.exitCode === null && child.kill("SIGINT")) await ended;
}

/** What each of them must do, whatever the protocol. @param isChunked - a body without a length arrives without one */
function cases(make: () => UpstreamApplication, isChunked = false): void {
  const client = (): TestClient => new TestClient(make(), { validate: false });

  test("paths, queries and headers arrive", async () => {
    const response = await client().get("/a%20b/%C3%A9?x=%20y", { headers: { "X-One": "1", Cookie: "a=b" } });
    expect(response.json()).toMatchObject({
      REQUEST_METHOD: "GET",
      PATH_INFO: "/a b/\u00c3\u00a9",
      QUERY_STRING: "x=%20y",
      HTTP_X_ONE: "1",
      HTTP_COOKIE: "a=b",
      HTTP_HOST: "localhost",
    });
  });

  test("bodies arrive, also those without a length", async () => {
    const body = Buffer.alloc(1_000_000, "body");
    const sha = createHash("sha1").update(body).digest("hex");
    const chunks = (async function* () {
      yield body.subarray(0, 600_000);
      yield body.subarray(600_000);
    })();
    expect((await client().post("/body", { body })).text()).toBe(`1000000 ${sha} 1000000`);
    expect((await client().post("/body", { body: chunks })).text()).toBe(
      `1000000 ${sha} ${isChunked ? "" : "1000000"}`,
    );
    expect((await client().post("/body", {})).text()).toMatch(/^0 /);
  });

  test("statuses, repeated headers, empty answers, HEAD", async () => {
    const response = await client().get("/status");
    expect([response.status, response.headers.getAll("X-Two")]).toEqual([418, ["a", "b"]]);
    expect((await client().get("/nothing")).status).toBe(204);
    const head = await client().head("/big");
    expect([head.status, head.bytes().length]).toEqual([200, 0]);
  });

  test("20 MB come back whole, and 30 requests at once", async () => {
    expect((await client().get("/big")).bytes().length).toBe(20_000_000);
    const many = client();
    const all = await Promise.all(Array.from({ length: 30 }, () => many.get("/")));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
  });
}

describe.skipIf(python === undefined || !existsSync(binOf("uwsgi")))("uWSGI", () => {
  let child: ChildProcess;
  let ports = { uwsgi: 0, fastcgi: 0, scgi: 0 };
  beforeAll(async () => {
    ports = { uwsgi: await freePort(), fastcgi: await freePort(), scgi: await freePort() };
    const at = (port: number): string => `127.0.0.1:${port}`;
    const sockets = [
      "--uwsgi-socket",
      at(ports.uwsgi),
      "--fastcgi-socket",
      at(ports.fastcgi),
      "--scgi-socket",
      at(ports.scgi),
    ];
    child = await started(
      "uwsgi",
      ["--wsgi-file", "peer.py", "--processes", "2", "--die-on-term", ...sockets],
      Object.values(ports),
    );
  });
  afterAll(() => stopped(child));

  describe("by uwsgi", () => {
    cases(() => uwsgiApplication({ upstream: `127.0.0.1:${ports.uwsgi}` }));
  });
  describe("by FastCGI", () => {
    cases(() => fastcgiApplication({ upstream: `127.0.0.1:${ports.fastcgi}` }));
  });
  describe("by SCGI", () => {
    cases(() => scgiApplication({ upstream: `127.0.0.1:${ports.scgi}` }));
  });

  test("headers beyond its buffer-size are a 502 whose line in the log names it", async () => {
    const client = new TestClient(uwsgiApplication({ upstream: `127.0.0.1:${ports.uwsgi}` }));
    const response = await client.get("/", { headers: { "X-Long": "x".repeat(6000) } });
    expect([response.status, response.errors]).toEqual([
      502,
      expect.stringContaining('its "buffer-size" (4096 bytes by default)'),
    ]);
    const bounded = new TestClient(uwsgiApplication({ upstream: `127.0.0.1:${ports.uwsgi}`, maxVariableBytes: 4096 }));
    expect((await bounded.get("/", { headers: { "X-Long": "x".repeat(6000) } })).status).toBe(431);
  });
});

describe.skipIf(python === undefined || !existsSync(binOf("gunicorn")))("gunicorn", () => {
  let child: ChildProcess;
  let port = 0;
  beforeAll(async () => {
    port = await freePort();
    child = await started(
      "gunicorn",
      ["-b", `127.0.0.1:${port}`, "-k", "gthread", "--threads", "4", "peer:application"],
      [port],
    );
  });
  afterAll(() => stopped(child));

  const application = proxyApplicationOnce(() => `http://127.0.0.1:${port}`);
  describe("by HTTP", () => {
    cases(application, true);
  });

  test("connections are kept", async () => {
    const client = new TestClient(application(), { validate: false });
    const before = application().stats();
    for (let turn = 0; turn < 5; turn += 1) await client.get("/");
    const after = application().stats();
    expect(after.connects - before.connects).toBeLessThan(after.requests - before.requests);
  });
});

function proxyApplicationOnce(url: () => string): () => UpstreamApplication {
  let made: UpstreamApplication | null = null;
  return () => (made ??= proxyApplication({ upstream: url() }));
}
