// gitweb, a CGI program of twenty years, as a PSGI application: the file of docs/guests/perl.md.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../../src/testing/test-client.ts";
import { Project, type Command } from "../cli-command.ts";
import { interpreterWith, program } from "../needs.ts";

const PAGE = readFileSync(new URL("../../docs/guests/perl.md", import.meta.url), "utf8");
const NAME = "First commit, träge";

const perl = interpreterWith("perl", "Plack", "CGI::Compile", "CGI::Emulate::PSGI");
const gitweb = program("/usr/share/gitweb/gitweb.cgi");
const git = program("git");
const isPossible = [perl, gitweb, git].every((path) => path !== undefined);

describe.skipIf(!isPossible)("gitweb", () => {
  let project: Project;
  let command: Command;
  let client: TestClient;
  beforeAll(async () => {
    project = new Project({
      "gitweb.psgi": /```perl\n(use Plack::App::WrapCGI;[\s\S]*?)```/.exec(PAGE)?.[1] ?? "",
      "work/a file, träge.txt": "hello <b>\n",
    });
    project.write("gitweb.conf", `our $projectroot = "${project.directory}";\n`);
    const run = (...args: string[]): void => {
      const who = ["-c", "user.name=A Träger", "-c", "user.email=a@example.org"];
      const { status, stderr } = spawnSync(git ?? "", ["-C", project.path("work"), ...who, ...args], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
    };
    run("init", "--quiet", "--initial-branch=main");
    run("add", ".");
    run("commit", "--quiet", "--message", NAME);
    run("clone", "--quiet", "--bare", ".", project.path("project.git"));
    const env = { GITWEB_CONFIG: project.path("gitweb.conf") };
    command = project.start(["gitweb.psgi", "-b", "127.0.0.1:0", "-w", "2"], { env });
    client = new TestClient(`http://127.0.0.1:${await command.port()}`);
  });
  afterAll(async () => {
    client.close();
    await command.stop();
    project.remove();
  });

  test.each([
    ["lists its projects", "/", ">project.git<"],
    ["shows a project", "/?p=project.git;a=summary", NAME],
    ["shows a file by its path", "/project.git/blob/HEAD:/a%20file,%20tr%C3%A4ge.txt", "hello&nbsp;&lt;b&gt;"],
    ["searches", "/?p=project.git;a=search;h=HEAD;st=commit;s=First", ">First</span> commit"],
    ["has a feed", "/?p=project.git;a=rss", "<title>First commit, träge</title>"],
  ])("%s", async (_what, path, text) => {
    const response = await client.get(path);
    expect([response.status, response.isComplete]).toEqual([200, true]);
    expect(response.text()).toContain(text);
  });

  test("sends an archive as git made it", async () => {
    const response = await client.get("/?p=project.git;a=snapshot;h=HEAD;sf=tgz");
    expect(response.headers.get("Content-Disposition")).toMatch(/filename="project-HEAD-\w+\.tar\.gz"/);
    const { stdout } = spawnSync("tar", ["-tz"], { input: response.bytes(), encoding: "utf8" });
    expect(stdout).toContain(".txt");
  });

  test("answers 404 for what is not there, and has its static files beside it", async () => {
    expect((await client.get("/?p=no-such.git")).status).toBe(404);
    expect((await client.get("/static/gitweb.css")).headers.get("Content-Type")).toContain("text/css");
  });
});
