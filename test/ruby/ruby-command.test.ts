// Ruby by the command, as docs/guests/ruby.md shows it: its examples are the files of these tests.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { interpreterWith } from "../needs.ts";

const PAGE = readFileSync(new URL("../../docs/guests/ruby.md", import.meta.url), "utf8");
const ruby = interpreterWith("ruby", "rack");

/** A block of a language on the page. */
function blockOf(language: string, index = 0): string {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))][index]?.[1] ?? "";
}

let project: Project;
beforeEach(() => {
  project = new Project({ "config.ru": blockOf("ruby"), "app.ini": blockOf("ini") });
});
afterEach(() => project.remove());

test.skipIf(ruby === undefined).each([
  ["config.ru", [/^\d/, /^none$/]],
  ["app.ini", [/^\d/, /^W\//]],
] as const)("serves %s of the page", async (target, times) => {
  const command = project.start([target, "-b", "127.0.0.1:0"]);
  const port = await command.port();
  const response = await fetch(`http://127.0.0.1:${port}/caf%C3%A9`);
  const text = await response.text();
  const took = ["x-runtime", "etag"].map((name) => response.headers.get(name) ?? "none");
  const { code } = await command.stop();
  expect(text).toBe("Hello /caf%C3%A9\n");
  expect(took).toEqual(times.map((pattern) => expect.stringMatching(pattern)));
  expect(code).toBe(0);
});

test.skipIf(ruby === undefined)("serves the page's application that takes its connection over", async () => {
  project.write("taken.ru", blockOf("ruby", 1));
  const command = project.start(["taken.ru", "-b", "127.0.0.1:0"]);
  const response = await fetch(`http://127.0.0.1:${await command.port()}/`);
  const text = await response.text();
  const { code } = await command.stop();
  expect([text, response.headers.get("content-type"), code]).toEqual(["0\n1\n2\n", "text/plain", 0]);
});

test.skipIf(ruby === undefined).each([
  ["missing.ru", undefined, 'The file "missing.ru" does not exist'],
  ["broken.ru", "run ->(_) { ] }", "SyntaxError"],
])("%s is one clear error", async (name, text, message) => {
  if (text !== undefined) project.write(name, text);
  const { code, stderr } = await project.run([name, "-b", "127.0.0.1:0"]);
  expect(stderr).toContain(message);
  expect(code).not.toBe(0);
});

test.skipIf(ruby === undefined)(
  "with --reload, a first version that is broken waits for the edit that mends it",
  async () => {
    project.write("edited.ru", "run ->(_) { ] }");
    const command = project.start(["edited.ru", "--reload", "-b", "127.0.0.1:0"]);
    await command.saw("waiting for a change");
    project.write("edited.ru", 'run ->(_) { [200, {}, ["mended"]] }');
    const text = await (await fetch(`http://127.0.0.1:${await command.port()}/`)).text();
    const { code } = await command.stop();
    expect([text, code]).toEqual(["mended", 0]);
  },
);
