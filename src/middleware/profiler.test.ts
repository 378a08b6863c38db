// Profiles of single requests.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, profiler, type ProfilerOptions } from "./profiler.ts";

let directory = "";

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "tsgi-profiler-")), "profiles");
});

afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

const busy = validator(function work(environ, startResponse) {
  if (environ.PATH_INFO === "/throw") throw new Error("broken");
  let sum = 0;
  for (let index = 0; index < 3e6; index += 1) sum += Math.sqrt(index);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(String(Math.round(sum)))];
});

const client = (options: Partial<ProfilerOptions>): TestClient =>
  new TestClient(profiler({ directory, ...options })(busy), { raiseErrors: true });

const SECRET = { "X-Profile": "open sesame" };

function files(): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

test("profiler stores a profile of a request that knows the secret", async () => {
  const asking = client({ secret: "open sesame" });
  const response = await asking.get("/a/../%0Ab", { headers: SECRET });
  const name = response.headers.get("X-Profile-File") ?? "";
  expect(files()).toEqual([name]);
  expect(name).toMatch(/^[\w-]+\.cpuprofile$/);
  const profile = JSON.parse(readFileSync(join(directory, name), "utf8")) as {
    nodes: { callFrame: { functionName: string } }[];
  };
  expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain("work");
});

test.each<[Partial<ProfilerOptions>, Record<string, string>]>([
  [{}, SECRET],
  [{ secret: "open sesame" }, {}],
  [{ secret: "open sesame" }, { "X-Profile": "open Sesame" }],
  [{ secret: "open sesame", header: "X-Other" }, SECRET],
])("profiler with %j does nothing for %j", async (options, headers) => {
  const response = await client(options).get("/", { headers });
  expect([response.headers.has("X-Profile-File"), files()]).toEqual([false, []]);
});

test("profiler takes each so many requests, until there are enough files", async () => {
  const sampling = client({ every: 2, maxFiles: 2 });
  const taken: boolean[] = [];
  for (let index = 0; index < 8; index += 1) taken.push((await sampling.get("/")).headers.has("X-Profile-File"));
  expect(taken).toEqual([false, true, false, true, false, false, false, false]);
  expect(files()).toHaveLength(2);
});

test("profiler is free again after an error", async () => {
  const asking = client({ every: 1 });
  await expect(asking.get("/throw")).rejects.toThrow("broken");
  expect((await asking.get("/")).headers.has("X-Profile-File")).toBe(true);
  expect(files()).toHaveLength(2);
});

test.each<[Record<string, string>, string]>([
  [{}, 'Option "directory" is missing'],
  [{ directory: "x", secret: "" }, 'Option "secret" is empty'],
  [{ directory: "x", every: "-1" }, '"every" is -1'],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});
