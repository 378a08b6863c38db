import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { App } from "./app.ts";
import { etaTemplates } from "./templates.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-templates-"));
writeFileSync(join(directory, "layout.eta"), "<title><%= it.title %></title><%~ it.body %>");
writeFileSync(join(directory, "page.eta"), '<% layout("./layout") %><p><%= it.name %></p>');
afterAll(() => rmSync(directory, { recursive: true }));

it("render writes a template of eta, escaped, in its layout", async () => {
  const app = new App({ templates: etaTemplates(directory) });
  app.get("/<name>", (_, { name }) => app.render("page", { title: "T", name }));
  const page = await app.test().get("/%3Cb%3E");
  expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(page.text()).toBe("<title>T</title><p>&lt;b&gt;</p>");
});

it("render takes any other engine, and says when there is none", async () => {
  const app = new App({ templates: (name, data) => `${name}: ${JSON.stringify(data)}` });
  app.get("/", () => app.render("page", { a: 1 }));
  expect((await app.test().get("/")).text()).toBe('page: {"a":1}');
  await expect(new App().render("page")).rejects.toThrow('expected the option "templates"');
});
