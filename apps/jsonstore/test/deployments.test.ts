// The INI files of the documentation, each as it stands there apart from the places of files, and how a deployment stops.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { openStore } from "../src/open-store.ts";
import { put } from "../src/storage/document.ts";
import { POSTGRES, PostgresServer } from "./postgres-server.ts";
import { DEFAULT_INI, serveStore, type ServedStore } from "./served-store.ts";

const PAGE = readFileSync(new URL("../../../docs/jsonstore.md", import.meta.url), "utf8");
const EXAMPLES = [...PAGE.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

const directory = mkdtempSync(join(tmpdir(), "jsonstore-ini-"));
let server: ServedStore | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Serves the example that has a text in it. */
async function serveExample(mark: string, database = directory): Promise<ServedStore> {
  const example = EXAMPLES.find((text) => text.includes(mark));
  if (example === undefined) throw new Error(`No example has ${mark}`);
  const ini = join(directory, `${mark.replaceAll(/\W/g, "")}.ini`);
  const text = example
    .replaceAll("call:src/", `call:${SOURCES}/`)
    .replaceAll("/var/lib/jsonstore", database)
    .replaceAll(/postgres:\/\/\S+/g, database.replaceAll("%", "%%"));
  writeFileSync(ini, text);
  server = await serveStore("", { ini, workers: 1 });
  return server;
}

async function status(path: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch((server?.url ?? "") + path, init);
  await response.arrayBuffer();
  return response.status;
}

const PUT = { method: "PUT", body: "{}" };

test("the public store that nobody changes", async () => {
  const store = await openStore(`sqlite:${join(directory, "store.db")}`);
  await store.write((write) => put(write, [], '{"a":1}'));
  await store.close();
  await serveExample("read_only = true");
  expect([await status("/a"), await status("/a", PUT)]).toEqual([200, 403]);
});

test("the store of a team", async () => {
  const hash = execFileSync("openssl", ["passwd", "-apr1", "open sesame"], { encoding: "utf8" });
  writeFileSync(join(directory, "users"), `irma:${hash}`);
  await serveExample("require_match = true");
  const headers = { Authorization: `Basic ${btoa("irma:open sesame")}` };
  expect(await status("/")).toBe(401);
  expect(await status("/", { ...PUT, headers })).toBe(428);
  expect(await status("/", { ...PUT, headers: { ...headers, "If-None-Match": "*" } })).toBe(201);
});

test("several documents, each with a name", async () => {
  await serveExample("[composite:main]");
  expect([await status("/plans", PUT), await status("/plans"), await status("/stock")]).toEqual([201, 200, 404]);
});

test.skipIf(POSTGRES === undefined)("the document in PostgreSQL", async () => {
  const postgres = await new PostgresServer().start();
  try {
    await serveExample("postgres://", postgres.url("plans"));
    expect([await status("/"), await status("/", PUT), await status("/")]).toEqual([404, 201, 200]);
    expect(server?.log()).not.toContain("not-needed");
    await server?.stop();
  } finally {
    await postgres.remove();
  }
});

test("streams of events end when the server stops, and ask their clients to come back", async () => {
  server = await serveStore(`sqlite:${join(directory, "stop.db")}`, { ini: DEFAULT_INI, workers: 1 });
  await status("/", PUT);
  const response = await fetch(server.url, { headers: { Accept: "text/event-stream" } });
  const text = response.text();
  await server.stop();
  expect(await text).toMatch(/^id: 1\nevent: put\ndata: .*\n\nretry: 500\n\n$/);
});
