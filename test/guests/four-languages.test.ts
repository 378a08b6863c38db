// The example of four languages under one map: its page shows what a client gets.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../../src/testing/test-client.ts";
import { Command } from "../cli-command.ts";
import { program } from "../needs.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/four-languages", import.meta.url));
const LINES = [
  ...readFileSync(`${EXAMPLE}/README.md`, "utf8").matchAll(
    /^curl (?:-i )?localhost:8000(\S+)\s+# (.*?)(?:, with.*)?$/gm,
  ),
].map(([, path = "", text = ""]) => [path, text] as const);
const isPossible = [program("python3"), program("perl"), program("rackup")].every((path) => path !== undefined);

describe.skipIf(!isPossible)("One server, four languages", () => {
  let command: Command;
  let client: TestClient;
  beforeAll(async () => {
    command = new Command(["app.ini", "--bind", "127.0.0.1:0"], EXAMPLE, {});
    client = new TestClient(`http://127.0.0.1:${await command.port()}`);
  });
  afterAll(async () => {
    client.close();
    await command.stop();
  });

  test("its page has a line for each", () => expect(LINES).toHaveLength(4));

  test.each(LINES)("%s is answered with %s", async (path, text) => {
    expect((await client.get(path)).text()).toBe(`${text}\n`);
  });

  test("a middleware in Ruby changes what the application in Perl answers", async () => {
    expect((await client.get("/perl/hello")).headers.get("etag")).toMatch(/^W\/"/);
    expect((await client.get("/ruby/hello")).headers.get("etag")).toBeNull();
  });
});
