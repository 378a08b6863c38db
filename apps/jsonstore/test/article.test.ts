// The examples of the article that this store is made after ("Building Web-Applications with Python", part "time to do something
// useful"), by curl, against the deployment as it is.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveStore, type ServedStore } from "./served-store.ts";

const directory = mkdtempSync(join(tmpdir(), "jsonstore-article-"));
let server: ServedStore;

beforeAll(async () => {
  server = await serveStore(`sqlite:${join(directory, "store.db")}`);
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

function curl(path: string, ...options: string[]): string {
  const { stdout, stderr } = spawnSync("curl", ["-sS", ...options, server.url + path], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout;
}

const DOCUMENT = `{
    "sniffles": [
        {"name": "fred"},
        {"name": "irma"},
        {"name": "wobble"}
    ],
    "snuffle": {"name": "gundar"}
}`;

test("the four examples of the article", () => {
  expect(curl("/", "-X", "PUT", "--data-binary", DOCUMENT, "-w", "%{http_code}")).toBe("201");
  expect(curl("/sniffles/")).toBe('[{"name":"fred"},{"name":"irma"},{"name":"wobble"}]');
  expect(curl("/sniffles/0")).toBe('{"name":"fred"}');
  expect(curl("/sniffles/0/rank", "-X", "PUT", "-d", '"sniffle chief"', "-w", "%{http_code}")).toBe("201");
  expect(curl("/sniffles/0?pretty")).toBe('{\n    "name": "fred",\n    "rank": "sniffle chief"\n}\n');
});

test("POST appends, DELETE removes, and what is not there is explained", () => {
  expect(curl("/sniffles", "--json", '{"name": "new"}', "-o", "/dev/null", "-w", "%header{location}")).toBe(
    "/sniffles/3",
  );
  expect(curl("/sniffles/3", "-X", "DELETE", "-w", "%{http_code}")).toBe("204");
  expect(JSON.parse(curl("/sniffles/3/name"))).toMatchObject({
    status: 404,
    pointer: "/sniffles/3/name",
    deepest: "/sniffles",
  });
});
