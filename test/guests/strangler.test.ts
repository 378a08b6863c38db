// Upstreams as targets of the real command, and the example of three generations under one map.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { Command } from "../cli-command.ts";
import { program, venvPython } from "../needs.ts";
import { PHP_FPM, type PhpFpm, startPhpFpm } from "./php-fpm.ts";

const phpFpm = program(...PHP_FPM);
const python = venvPython();
const EXAMPLE = fileURLToPath(new URL("../../examples/strangler", import.meta.url));

const commands: Command[] = [];
afterEach(async () => {
  for (const command of commands.splice(0)) await command.stop();
});

async function serving(directory: string, ...args: readonly string[]): Promise<TestClient> {
  const command = new Command([...args, "--bind", "127.0.0.1:0"], directory, {});
  commands.push(command);
  return new TestClient(`http://127.0.0.1:${await command.port()}`);
}

test("tsgi proxy:http://HOST:PORT", async () => {
  const backend = createServer((request, response) => response.end(`${request.url} ${request.headers.host}`)).listen(
    0,
    "127.0.0.1",
  );
  await once(backend, "listening");
  try {
    const { port } = backend.address() as AddressInfo;
    const client = await serving(EXAMPLE, `proxy:http://127.0.0.1:${port}?host=upstream&max_idle=1`);
    expect((await client.get("/a%2Fb?c")).text()).toBe(`/a%2Fb?c 127.0.0.1:${port}`);
  } finally {
    backend.close();
  }
});

test.each([
  [
    "proxy:127.0.0.1:1",
    "expected http://HOST:PORT or https://HOST:PORT, with a /PATH if need be, or unix:PATH (proxy:http://HOST:PORT)",
  ],
  ["proxy:http://a?max-conections=1", 'Unknown option "max-conections"; did you mean "max_connections"'],
  ["fastcgi://127.0.0.1?root=/tmp", "expected HOST:PORT, or unix:PATH"],
  ["fastcgi:unix:/x?root=/no/such", "where no directory is"],
  ["scgi://a:1?read_seconds=soon", "expected a number"],
  ["uwsgi://a:1?modifier1=900", 'Option "modifier1" is 900; expected 0 to 255'],
  ["http://127.0.0.1:1", 'did you mean "proxy:http://127.0.0.1:1"'],
])("the target %s is refused: %s", async (target, message) => {
  const context = { directory: EXAMPLE, environment: [], log: { debug() {} } };
  await expect(loadSchemeTarget(target, context)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(message) as string,
  });
});

describe.skipIf(phpFpm === undefined)("With PHP", () => {
  let php: PhpFpm;
  beforeAll(async () => {
    php = await startPhpFpm(phpFpm ?? "", 2);
  });
  afterAll(() => php.close());

  test("tsgi fastcgi://HOST:PORT?root=DIRECTORY", async () => {
    const client = await serving(EXAMPLE, `fastcgi://127.0.0.1:${php.port}?root=old`);
    expect((await client.get("/")).text()).toContain("<p>This is home, visit 1.</p>");
    expect((await client.get("/account.py")).status).toBe(404);
  });

  test.skipIf(python === undefined)("the example does what its README says", async () => {
    const client = await serving(EXAMPLE, "app.ini", `php=127.0.0.1:${php.port}`, "--python", python ?? "");
    expect((await client.get("/index.php/about")).text()).toBe(
      '<!doctype html>\n<title>about</title>\n<p>This is about, visit 1.</p>\n<p><a href="/index.php/about">About</a> <a href="/account/">Your account</a></p>\n',
    );
    expect((await client.get("/")).text()).toContain("<p>This is home, visit 2.</p>");
    expect((await client.get("/account/")).json()).toEqual({ account: "Ada", here: "/account/" });
    expect((await client.get("/api/items/7")).json()).toEqual({ mount: "/api", path: "/items/7" });
    expect((await client.get("/nothing")).status).toBe(404);
  });
});
