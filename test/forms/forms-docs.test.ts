// Runs the examples of docs/forms.md, and holds its table of limits against the code.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FORM_LIMITS } from "tsgi/forms";
import { TestClient } from "tsgi/testing";
import type { WSGIApplication } from "tsgi/wsgi";
import { markdownFiles } from "../markdown-blocks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs", "forms.md"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "tsgi-forms-docs-"));
const workingDirectory = process.cwd();
const files = markdownFiles(GUIDE);
const alias = Object.fromEntries(
  ["wsgi", "forms"].map((room) => [`tsgi/${room}`, join(ROOT, "src", room, "index.ts")]),
);
const jiti = createJiti(join(directory, "main.ts"), { alias, fsCache: false });

beforeAll(() => {
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, "photos"));
  process.chdir(directory);
});
afterAll(() => {
  process.chdir(workingDirectory);
  rmSync(directory, { recursive: true });
});

async function clientOf(name: string): Promise<TestClient> {
  const { application } = await jiti.import<{ application: WSGIApplication }>(join(directory, name));
  return new TestClient(application, { raiseErrors: true });
}

test("the page has the files that are tested here", () => {
  expect([...files.keys()]).toEqual(["hello.ts", "photos.ts", "pass-on.ts", "field-storage.ts"]);
});

test("hello.ts greets by the body of a POST and the query of a GET", async () => {
  const client = await clientOf("hello.ts");
  expect((await client.post("/", { form: { name: "Zoë" } })).text()).toBe("Hello, Zoë!");
  expect((await client.get("/?name=Ada")).text()).toBe("Hello, Ada!");
  expect((await client.post("/")).text()).toBe("Hello, nobody!");
});

const photo = { content: "pixels", filename: "cat.png" };

test("photos.ts stores a photo", async () => {
  const client = await clientOf("photos.ts");
  expect((await client.post("/", { files: { photo } })).text()).toBe("cat.png: 6 bytes");
  const [stored = ""] = readdirSync("photos");
  expect(readFileSync(join("photos", stored), "utf8")).toBe("pixels");
});

test("pass-on.ts hashes files while they arrive", async () => {
  const response = await (await clientOf("pass-on.ts")).post("/", { files: { photo } });
  expect(response.text()).toMatch(/^[0-9a-f]{64} {2}cat\.png$/);
});

test("field-storage.ts lists the fields of the body", async () => {
  const client = await clientOf("field-storage.ts");
  const form: [string, string][] = [
    ["a", "1"],
    ["b", ""],
    ["a", "2"],
  ];
  expect((await client.post("/?a=query", { form })).text()).toBe("a: 1, 2\nb: ");
});

test("the table of limits says the defaults", () => {
  const written = new Map(
    Array.from(GUIDE.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|/gm), ([, names = "", values = ""]) =>
      names.split(", ").map((name, index) => [name.slice(1, -1), values.split(/, (?!\d{3})/)[index]?.trim()] as const),
    ).flat(),
  );
  for (const [name, limit] of Object.entries(FORM_LIMITS)) expect(numberOf(written.get(name) ?? ""), name).toBe(limit);
});

function numberOf(text: string): number {
  const [digits = "", unit = ""] = text.split(" ");
  return Number(digits.replaceAll(",", "")) * ({ KiB: 1024, MiB: 1024 * 1024 }[unit] ?? 1);
}
