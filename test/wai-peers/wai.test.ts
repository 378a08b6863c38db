// A WAI application in Haskell, as a CGI program and behind the proxy, where warp serves it; and what docs/guests/cgi.md says of both. A
// compiler of a gigabyte is needed, so it is done only where TSGI_TEST_WAI_PEERS=1 asks for it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { urlMap } from "../../src/middleware/url-map.ts";
import { loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import { Command } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";
import { program } from "../needs.ts";

const run = promisify(execFile);
const ghc = program("ghc");
const SOURCE = fileURLToPath(new URL("application.hs", import.meta.url));
const PAGE = fileURLToPath(new URL("../../docs/guests/cgi.md", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "tsgi-wai-"));
const shownFile = join(folder, "shown.txt");
/** What the application waits for before it sends events. */
const release = join(folder, "release");
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true });
});

/** How an application is reached. */
interface Way {
  /** The target of the command. */
  target(): string;
  /** What the application sees of `/mount/shown/a%2Fb/caf%C3%A9%2520?x=%26&y`: path, its pieces, query, where it is mounted. */
  readonly seen: readonly string[];
  readonly chunkedLength: string;
  readonly failure: number;
  /** Whether a client can tell that a streamed answer is not whole. */
  readonly breaksOff: boolean;
}

let warpPort = 0;
const WAYS: Readonly<Record<string, Way>> = {
  "a CGI program": {
    target: () => `cgi:${join(folder, "application")}`,
    seen: [
      Buffer.from("/shown/a/b/café%20").toString("latin1"),
      // WAI decodes what CGI has decoded already.
      '["shown","a","b","caf\\233 "]',
      "x=%26&y",
      "/mount",
    ],
    chunkedLength: "6",
    failure: 502,
    breaksOff: false,
  },
  "warp behind the proxy": {
    target: () => `proxy:http://127.0.0.1:${warpPort}/`,
    seen: ["/shown/a%2Fb/caf%C3%A9%2520", '["shown","a/b","caf\\233%20"]', "?x=%26&y", ""],
    chunkedLength: "chunked",
    failure: 500,
    breaksOff: true,
  },
};

interface Served {
  readonly client: TestClient;
  readonly port: number;
  readonly log: () => string;
}

/** Serves a target at `/` and at `/mount`. */
async function serve(target: string): Promise<Served> {
  const environment = [`SHOWN_FILE=${shownFile}`, `RELEASE=${release}`];
  const context = { directory: folder, environment: target.startsWith("cgi") ? environment : [], log: { debug() {} } };
  const loaded = await loadSchemeTarget(target, context);
  closing.push(() => loaded.close(0));
  const errors = new StringErrorStream();
  const mounted = urlMap([
    { path: "/", application: loaded.application },
    { path: "/mount", application: loaded.application },
  ]);
  const server = makeServer("127.0.0.1", 0, mounted, { errors });
  await server.listen();
  closing.push(() => server.close(0));
  return { client: new TestClient(server.url), port: Number(new URL(server.url).port), log: () => errors.text };
}

async function startWarp(): Promise<void> {
  warpPort = await freePort();
  const env = { ...process.env, SHOWN_FILE: shownFile, RELEASE: release };
  const child = spawn(join(folder, "application"), [String(warpPort)], { stdio: "ignore", env });
  closing.push(async () => {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  });
  while (!(await isOpen(warpPort))) {
    if (child.exitCode !== null) throw new Error(`warp ended with ${child.exitCode}`);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}

describe.skipIf(ghc === undefined)("a WAI application", () => {
  beforeAll(async () => {
    writeFileSync(shownFile, "a file\n".repeat(20_000));
    await run(ghc ?? "", ["-O1", "-v0", "-outputdir", folder, "-o", join(folder, "application"), SOURCE]);
    await startWarp();
  });

  describe.each(Object.entries(WAYS))("as %s", (_name, way) => {
    let served: Served;
    let client: TestClient;
    beforeAll(async () => {
      served = await serve(way.target());
      ({ client } = served);
    });

    test("sees path, query, mount and headers", async () => {
      const headers = { "X-One": "träge", "X-Two": "2" };
      const response = await client.get("/mount/shown/a%2Fb/caf%C3%A9%2520?x=%26&y", { headers });
      const lines = Buffer.from(response.bytes()).toString("latin1").split("\n");
      const [path, pieces, query, mount] = way.seen;
      expect(lines.slice(0, 7)).toEqual(["GET", path, pieces, query, '[("x",Just "&"),("y",Nothing)]', mount, "False"]);
      expect(lines).toEqual(expect.arrayContaining(["X-One: träge", "X-Two: 2"]));
      expect(lines.filter((line) => line.startsWith("Host:"))).toEqual([`Host: 127.0.0.1:${served.port}`]);
    });

    test("reads a body of megabytes, and one that comes in chunks", async () => {
      const body = Buffer.alloc(3_000_000, "0123456789\r\n\0");
      expect(Buffer.from((await client.post("/echo", { body })).bytes()).equals(body)).toBe(true);
      async function* chunks(): AsyncGenerator<Buffer> {
        for (const text of ["abc", "def"]) yield await Promise.resolve(Buffer.from(text));
      }
      expect((await client.post("/echo", { body: chunks() })).text()).toBe("abcdef");
      expect((await client.post("/length", { body: chunks() })).text()).toBe(way.chunkedLength);
      expect((await client.post("/echo", { body: "" })).text()).toBe("");
    });

    test("says status, reason and repeated headers", async () => {
      const response = await client.get("/fields");
      expect([response.status, response.reason, response.text()]).toEqual([418, "Tea Only", "tea"]);
      expect(response.headers.getAll("Set-Cookie")).toEqual(["a=1", "b=2"]);
      expect(response.headers.getAll("X-Twice")).toEqual(["1", "2"]);
      const moved = await client.get("/elsewhere");
      expect([moved.status, moved.headers.get("Location")]).toEqual([302, "https://example.org/"]);
      expect((await client.get("/nowhere")).status).toBe(404);
    });

    test("answers HEAD and 204 without a body", async () => {
      const head = await client.head("/fields");
      expect([head.status, head.bytes().length, head.headers.getAll("X-Twice")]).toEqual([418, 0, ["1", "2"]]);
      const empty = await client.get("/empty");
      expect([empty.status, empty.bytes().length]).toEqual([204, 0]);
    });

    test("streams megabytes, and sends a file", async () => {
      const lines = (await client.get("/large")).text().split("\n");
      expect([lines.length, lines.at(-2)]).toEqual([5001, `5000 ${"x".repeat(1000)}`]);
      expect((await client.get("/file")).text()).toBe(readFileSync(shownFile, "utf8"));
    });

    test("sends events: their reader hears of them before the first", async () => {
      const response = await fetch(`http://127.0.0.1:${served.port}/events`);
      expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
      writeFileSync(release, "");
      expect(await response.text()).toBe("data: one\n\ndata: two\n\n");
      rmSync(release);
    });

    test("may fail: the client hears nothing of why", async () => {
      const response = await client.get("/error");
      expect(response.status).toBe(way.failure);
      expect(response.text()).not.toContain("secret words");
      const late = await client.get("/late-error");
      expect([late.status, late.text(), late.isComplete]).toEqual([200, "begun", !way.breaksOff]);
      expect((await client.get("/fields")).status).toBe(418);
    });

    test("is left by clients in the middle of an answer", async () => {
      for (let count = 0; count < 5; count += 1) {
        const socket = connect(served.port, "127.0.0.1");
        socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
        await once(socket, "data");
        socket.destroy();
      }
      expect((await client.get("/fields")).text()).toBe("tea");
    });
  });

  test("as a CGI program, what it writes to its errors is logged, and so is its exit code", async () => {
    const { client, log } = await serve(`cgi:${join(folder, "application")}`);
    await client.get("/error");
    await expect.poll(log).toMatch(/^(?=[^]*secret words)[^]*exit code 1/);
  });

  test("of the documentation is compiled and served", async () => {
    const section = readFileSync(PAGE, "utf8")
      .split("\n## ")
      .find((text) => text.startsWith("WAI"));
    const [, file = "", source = "", commands = ""] =
      /`(\w+\.hs)`[^]*?```haskell\n([^]*?)```[^]*?```sh\n([^]*?)```/.exec(section ?? "") ?? [];
    writeFileSync(join(folder, file), source);
    const [compile = "", serving = ""] = commands.trim().split("\n");
    await run("sh", ["-c", compile], { cwd: folder });
    const command = new Command([...serving.split(" ").slice(1), "--bind", "127.0.0.1:0"], folder, {});
    try {
      const client = new TestClient(`http://127.0.0.1:${await command.port()}`);
      const response = await client.get("/caf%C3%A9");
      expect([response.status, response.headers.get("Content-Type"), response.text()]).toEqual([
        200,
        "text/plain; charset=utf-8",
        "You asked for /café\n",
      ]);
    } finally {
      await command.stop();
    }
  });
});
