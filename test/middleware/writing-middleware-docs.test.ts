// Runs the files of docs/writing-middleware.md as a reader would write them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadApp } from "../../src/deploy/load.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { Middleware, WSGIApplication } from "../../src/wsgi/types.ts";
import { validator } from "../../src/wsgi/validator.ts";
import { markdownFiles } from "../markdown-blocks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs", "writing-middleware.md"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "tsgi-writing-"));

const files = markdownFiles(GUIDE);
const ini = /^```ini\n([^]*?)^```$/m.exec(GUIDE)?.[1] ?? "";

const alias = Object.fromEntries([
  ...["wsgi", "testing"].map((room) => [`tsgi/${room}`, join(ROOT, "src", room, "index.ts")]),
  ["tsgi/middleware", join(ROOT, "src", "middleware")],
]) as Record<string, string>;
const jiti = createJiti(join(directory, "main.ts"), { alias, fsCache: false });

const tell: WSGIApplication = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", environ.PATH_INFO === "/html" ? "text/html" : "text/plain"]]);
  return [Buffer.from(`told ${String(environ["example.received_at"])}`)];
});
const load = <Module>(name: string): Promise<Module> => jiti.import<Module>(join(directory, name));
const get = (middleware: Middleware, path = "/") => new TestClient(middleware(tell)).get(path);

beforeAll(() => {
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
});
afterAll(() => rmSync(directory, { recursive: true }));

test("the guide has the files that are tested here", () => {
  expect([...files.keys()]).toEqual([
    "received-at.ts",
    "office-hours.ts",
    "powered-by.ts",
    "shout.ts",
    "banner.ts",
    "shout-check.ts",
  ]);
  expect(GUIDE.match(/^```ts/gm)).toHaveLength(files.size);
});

test("received-at.ts adds the time", async () => {
  const { receivedAt } = await load<{ receivedAt: Middleware }>("received-at.ts");
  expect((await get(receivedAt)).text()).toMatch(/^told \d{4}-/);
});

test("office-hours.ts answers outside of office hours", async () => {
  type Options = { opens?: number; now?: () => Date };
  const { officeHours } = await load<{ officeHours: (options: Options) => Middleware }>("office-hours.ts");
  const at = (hour: number) => get(officeHours({ now: () => new Date(Date.UTC(2026, 0, 2, hour)) }));
  const [early, late] = [await at(8), await at(9)];
  expect([early.status, early.text(), early.headers.get("Retry-After"), late.status]).toEqual([
    503,
    "Closed\n",
    "3600",
    200,
  ]);
});

test("powered-by.ts adds a header", async () => {
  const { poweredBy } = await load<{ poweredBy: Middleware }>("powered-by.ts");
  expect((await get(poweredBy)).headers.get("X-Powered-By")).toBe("steam");
});

test("shout.ts writes plain text in capitals, and its own check agrees", async () => {
  const { shout } = await load<{ shout: Middleware }>("shout.ts");
  expect((await get(shout)).text()).toBe("TOLD UNDEFINED");
  expect((await get(shout, "/html")).text()).toBe("told undefined");
  await expect(load("shout-check.ts")).resolves.toBeDefined();
});

test("banner.ts works from an INI file, and refuses what it does not know", async () => {
  const { filterFactory } = await load<{ filterFactory: (...conf: Record<string, string>[]) => Middleware }>(
    "banner.ts",
  );
  expect((await get(filterFactory({}, { words: "Hello", is_loud: "yes" }))).headers.get("X-Banner")).toBe("HELLO");
  expect(() => filterFactory({}, { word: "Hello" })).toThrow('did you mean "words"');
  expect(() => filterFactory({}, {})).toThrow('Option "words" is missing; expected a text');
});

test("the INI file makes the pipeline", async () => {
  writeFileSync(join(directory, "app.ini"), `${ini}\n[app:app]\nuse = call:app:appFactory\n`);
  writeFileSync(
    join(directory, "app.js"),
    'export const appFactory = () => (environ, start) => { start("200 OK", [["Content-Type", "text/plain"]]); return []; };\n',
  );
  // The package is not installed in the directory, so the file's module is given by name of the source.
  writeFileSync(
    join(directory, "banner.ts"),
    (files.get("banner.ts") ?? "").replace('"tsgi/middleware/writing"', `"${ROOT}src/middleware/writing/index.ts"`),
  );
  const application = await loadApp(`config:${join(directory, "app.ini")}`);
  expect((await new TestClient(application).get("/")).headers.get("X-Banner")).toBe("HELLO");
});
