// Guests of INI sections write where the server does, as guests that are the target do.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestClient } from "../../src/testing/test-client.ts";
import { Project } from "../cli-command.ts";
import { program } from "../needs.ts";

const INI = `
[composite:main]
use = egg:Paste#urlmap
/ruby = ruby
/perl = perl
/python = python

[app:ruby]
use = egg:tsgi#rack
app = app.ru

[app:perl]
use = egg:tsgi#psgi
app = app.psgi

[app:python]
use = egg:tsgi#wsgi
app = app.py
`;
const FILES = {
  "app.ini": INI,
  "app.ru": `run ->(env) { $stderr.puts "printed by ruby"; exit!(9) if env["QUERY_STRING"] == "end"; [200, {}, ["x"]] }`,
  "app.psgi": String.raw`sub { print STDERR "printed by perl\n"; [200, [], ['x']] }`,
  "app.py": `
import sys
def application(environ, start_response):
    print("printed by python", file=sys.stderr)
    start_response("200 OK", [])
    return [b"x"]
`,
};
const LANGUAGES = ["ruby", "perl", "python"] as const;
const isPossible = [program("python3"), program("perl"), program("rackup")].every((path) => path !== undefined);

describe.skipIf(!isPossible)("Guests of INI sections", () => {
  let project: Project;
  beforeEach(() => {
    project = new Project(FILES);
  });
  afterEach(() => project.remove());

  test("write to the error log by its rules, and what they print is captured with it", async () => {
    const command = project.start(["app.ini", "-b", "127.0.0.1:0", "--error-logfile", "error.log", "--capture-output"]);
    const log = (): string => readFileSync(project.path("error.log"), "utf8");
    try {
      // Its line about the address is in the file, too.
      await expect.poll(log).toMatch(/Listening at: http:\/\/127\.0\.0\.1:\d+/);
      const client = new TestClient(/Listening at: (http:\S+)/.exec(log())?.[1] ?? "");
      for (const language of LANGUAGES) expect((await client.get(`/${language}`)).text()).toBe("x");
      expect((await client.get("/ruby?end")).status).toBe(502);
      client.close();
      for (const language of LANGUAGES) {
        await expect.poll(log).toContain(`\nprinted by ${language}\n`);
        expect(log()).toMatch(new RegExp(String.raw`^\[.+\] \[\d+\] \[INFO\] ${language} \[\d+\]: Ready: `, "m"));
      }
      await expect.poll(log).toMatch(/^\[.+\] \[\d+\] \[ERROR\] ruby \[\d+\]: The process ended \(exit code 9\)$/m);
    } finally {
      await command.stop();
    }
    expect(command.stderr).toBe("");
  });
});
