// Perl by the command, as docs/guests/perl.md shows it: its examples are the files of these tests.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { interpreterWith } from "../needs.ts";

const PAGE = readFileSync(new URL("../../docs/guests/perl.md", import.meta.url), "utf8");
const perl = interpreterWith("perl", "Plack::Builder", "Plack::Middleware::Runtime");

/** The first block of a language on the page. */
function blockOf(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(PAGE)?.[1] ?? "";
}

let project: Project;
beforeEach(() => {
  project = new Project({ "app.psgi": blockOf("perl"), "app.ini": blockOf("ini") });
});
afterEach(() => project.remove());

test.skipIf(perl === undefined).each([
  ["app.psgi", [/^\d/, /^none$/]],
  ["app.ini", [/^\d/, /^\d/]],
] as const)("serves %s of the page", async (target, times) => {
  const command = project.start([target, "-b", "127.0.0.1:0"]);
  const port = await command.port();
  const response = await fetch(`http://127.0.0.1:${port}/caf%C3%A9`);
  const text = await response.text();
  const took = ["x-runtime", "x-took"].map((name) => response.headers.get(name) ?? "none");
  const { code } = await command.stop();
  expect(text).toBe("Hello /café\n");
  expect(took).toEqual(times.map((pattern) => expect.stringMatching(pattern)));
  expect(code).toBe(0);
});

test.skipIf(perl === undefined).each(["app.psgi", "app.ini"])(
  "--reload sees an edit of what %s runs",
  async (target) => {
    const command = project.start([target, "--reload", "-b", "127.0.0.1:0"]);
    const port = await command.port();
    project.write("app.psgi", "sub { [200, [], ['edited']] };\n");
    await command.saw("Reloaded: generation 2");
    const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    await command.stop();
    expect(text).toBe("edited");
  },
);

test.skipIf(perl === undefined)("a script whose first line names Perl gets its arguments", async () => {
  project.write("script/app", '#!/usr/bin/env perl\nmy @words = @ARGV; sub { [200, [], ["@words"]] };\n');
  const command = project.start(["script/app", "-b", "127.0.0.1:0", "--", "--config", "live"]);
  const port = await command.port();
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  await command.stop();
  expect(text).toBe("--config live");
});

test.skipIf(perl === undefined).each([
  ["missing.psgi", undefined, 'The file "missing.psgi" does not exist'],
  ["broken.psgi", "sub { ] }", "syntax error at"],
])("%s is one clear error", async (name, text, message) => {
  if (text !== undefined) project.write(name, text);
  const { code, stderr } = await project.run([name, "-b", "127.0.0.1:0"]);
  expect(stderr).toContain(message);
  expect(code).not.toBe(0);
});

test.skipIf(perl === undefined)(
  "with --reload, a first version that is broken waits for the edit that mends it",
  async () => {
    project.write("edited.psgi", "sub { ] };");
    const command = project.start(["edited.psgi", "--reload", "-b", "127.0.0.1:0"]);
    await command.saw("waiting for a change");
    project.write("edited.psgi", 'sub { [200, [], ["mended"]] };');
    const text = await (await fetch(`http://127.0.0.1:${await command.port()}/`)).text();
    const { code } = await command.stop();
    expect([text, code]).toEqual(["mended", 0]);
  },
);
