// The examples of docs/framework.md, served by the real command; and that the page shows what they say.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { TestClient } from "tsgi/testing";
import { Command } from "../cli-command.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EXAMPLES = `${ROOT}examples/framework/`;

async function served(target: string, ask: (client: TestClient) => Promise<void>): Promise<void> {
  const command = new Command([`examples/framework/${target}`, "--bind", "127.0.0.1:0"], ROOT, {});
  const client = new TestClient(`http://127.0.0.1:${await command.port()}`);
  try {
    await ask(client);
  } finally {
    client.close();
    await command.stop();
  }
  expect(command.stderr).not.toContain("Error");
}

async function notes(client: TestClient): Promise<void> {
  const index = await client.get("/");
  expect(index.text().replaceAll(/>\s+</g, "><").trim()).toBe('<ul><li><a href="/notes/1">Buy tea</a></li></ul>');
  expect(index.headers.get("Server-Timing")).toMatch(/^app;dur=\d+\.\d$/);
  const added = await client.post("/notes", { form: { text: "<b>Drink tea</b>" }, followRedirects: true });
  expect(added.text()).toContain("<p>The note is kept</p>");
  expect(added.text()).toContain("&lt;b&gt;Drink tea&lt;/b&gt;");
  expect((await client.get("/")).text()).not.toContain("The note is kept");
  const missing = await client.get("/notes/9");
  expect([missing.status, missing.text()]).toEqual([404, expect.stringContaining("<p>There is no such note</p>")]);
  const created = await client.post("/api/notes", { json: { text: "Wash up" } });
  expect([created.status, created.headers.get("Location"), created.json()]).toEqual([201, "/notes/3", { id: 3 }]);
  expect((await client.post("/api/notes", { json: { text: "" } })).json()).toMatchObject({
    errors: [{ pointer: "/text" }],
  });
  expect((await client.get("/api/notes")).json()).toMatchObject({ 1: "Buy tea", 3: "Wash up" });
}

describe("an example of the framework", () => {
  it("hello.ts", () =>
    served("hello.ts", async (client) => expect((await client.get("/")).text()).toBe("Hello World!")));

  it("notes.ts", () => served("notes.ts", notes));

  it("app.ini", () => served("app.ini", notes));

  it("streams.ts", () =>
    served("streams.ts", async (client) => {
      expect((await client.get("/count/3")).text()).toBe("1\n2\n3\n");
      expect((await client.get("/count/1001")).status).toBe(404);
      const ticks = await client.get("/events", { leaveAfterBytes: 60 });
      expect(ticks.text()).toMatch(/^id: 1\ndata: \S+Z\n\n/);
    }));

  it("decorators.ts", () =>
    served("decorators.ts", async (client) => expect((await client.get("/about")).text()).toBe("About tea")));

  it("hello.ts without a server", async () => {
    const command = new Command(["fetch", "examples/framework/hello.ts", "/"], ROOT, {});
    expect((await command.result).stdout).toBe("Hello World!");
  });
});

describe("tsgi", () => {
  it("routes lists rules, methods, names and lines", async () => {
    const { stdout, code } = await new Command(["routes", "examples/framework/notes.ts:app"], ROOT, {}).result;
    expect(code).toBe(0);
    const lines = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(["Rule", "Methods", "Name", "Defined"]);
    const note = lines.find(([rule]) => rule === "/notes/<int:id>");
    expect(note?.slice(0, 3)).toEqual(["/notes/<int:id>", "GET", "note"]);
    const [, line = "0"] = /^examples\/framework\/notes\.ts:(\d+)$/.exec(note?.[3] ?? "") ?? [];
    expect(readFileSync(`${EXAMPLES}notes.ts`, "utf8").split("\n")[Number(line) - 1]).toContain("/notes/<int:id>");
    expect(stdout).toMatch(/POST +api\.\/notes +\S+ \(json\)/);
  });

  it("openapi writes the document", async () => {
    const { stdout } = await new Command(["openapi", "examples/framework/notes.ts:app", "--title", "Notes"], ROOT, {})
      .result;
    expect(JSON.parse(stdout)).toMatchObject({
      openapi: "3.1.0",
      info: { title: "Notes", version: "1.0.0" },
      paths: { "/api/notes": { post: { summary: "Keep a note" } }, "/notes/{id}": { get: { operationId: "note" } } },
    });
  });

  it("routes says what is no application of the framework", async () => {
    const { stderr, code } = await new Command(["routes", "examples/hello-function.ts"], ROOT, {}).result;
    expect([code, stderr]).toEqual([8, expect.stringContaining("is no application of tsgi/framework")]);
  });
});

it("docs/framework.md shows code of the examples only", () => {
  const squeezed = (text: string): string => text.replaceAll(/\s+/g, "").replaceAll(/,(?=[)\]}])/g, "");
  const sources = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => squeezed(readFileSync(EXAMPLES + entry.name, "utf8")));
  const blocks = [...readFileSync(`${ROOT}docs/framework.md`, "utf8").matchAll(/```(?:ts|ini)\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThan(6);
  for (const [, block = ""] of blocks) {
    expect(
      sources.some((source) => source.includes(squeezed(block))),
      block,
    ).toBe(true);
  }
});
