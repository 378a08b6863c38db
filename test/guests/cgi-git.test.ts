// git over HTTP: git's own CGI program behind the targets and INI files of docs/guests/cgi.md, with a real git as the client.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ObjectBuilder } from "../../src/deploy/create.ts";
import { loadContext } from "../../src/deploy/load.ts";
import { loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";
import { makeServer } from "../../src/server/make-server.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { program } from "../needs.ts";

const gitProgram = program("git");
const run = promisify(execFile);

describe.skipIf(gitProgram === undefined)("git http-backend", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-git-"));
  const backend = join(
    gitProgram === undefined ? "" : execFileSync("git", ["--exec-path"]).toString().trim(),
    "git-http-backend",
  );
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.version=2"];
  const closing: (() => unknown)[] = [];
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: "1", HOME: folder, GIT_TERMINAL_PROMPT: "0" };
  const git = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run("git", [...identity, ...args], { cwd: folder, env });
    return stdout + stderr;
  };

  beforeAll(async () => {
    mkdirSync(join(folder, "srv"));
    await git("init", "-q", "--bare", "-b", "main", "srv/a.git");
    await git("-C", "srv/a.git", "config", "http.receivepack", "true");
    await git("init", "-q", "-b", "main", "work");
    for (const text of ["one", "two", "three"]) {
      writeFileSync(join(folder, "work", "file"), text);
      await git("-C", "work", "add", ".");
      await git("-C", "work", "commit", "-qm", text);
    }
  });
  afterAll(async () => {
    for (const close of closing) await close();
    rmSync(folder, { recursive: true });
  });

  async function serve(application: WSGIApplication): Promise<string> {
    const server = makeServer("127.0.0.1", 0, application);
    await server.listen();
    closing.unshift(() => server.close(0));
    return server.url;
  }

  test("is pushed to and cloned from as a target of the command", async () => {
    const environment = [`GIT_PROJECT_ROOT=${join(folder, "srv")}`, "GIT_HTTP_EXPORT_ALL=1"];
    const loaded = await loadSchemeTarget(`cgi:${backend}?stream_chunked=yes`, {
      directory: folder,
      environment,
      log: { debug() {} },
    });
    closing.push(() => loaded.close(0));
    const url = `${await serve(loaded.application)}/a.git`;
    await git("-C", "work", "push", "-q", url, "main");
    await git("clone", "-q", url, "whole");
    expect(await git("-C", "whole", "log", "--format=%s")).toBe("three\ntwo\none\n");
    await git("clone", "-q", "--depth", "1", url, "shallow");
    expect(await git("-C", "shallow", "log", "--format=%s")).toBe("three\n");
    await git("-C", "shallow", "fetch", "-q", "--unshallow");
    expect(await git("-C", "shallow", "log", "--format=%s")).toBe("three\ntwo\none\n");
    // Longer than git's buffer, so that it is sent in chunks; and enough refs that what a fetch wants is sent with gzip.
    writeFileSync(join(folder, "work", "large"), randomBytes(3_000_000));
    await git("-C", "work", "add", ".");
    await git("-C", "work", "commit", "-qm", "large");
    await git("-C", "work", "-c", "http.postBuffer=65536", "push", "-q", url, "main");
    await git("-C", "whole", "pull", "-q");
    expect(readFileSync(join(folder, "whole", "large")).equals(readFileSync(join(folder, "work", "large")))).toBe(true);
  });

  test("stands beside other applications in an INI file, and keeps bodies whose length is not known", async () => {
    const page = readFileSync(new URL("../../docs/guests/cgi.md", import.meta.url), "utf8");
    const [, text = ""] = /## git over HTTP[^]*?```ini\n([^]*?)```/.exec(page) ?? [];
    writeFileSync(
      join(folder, "git.ini"),
      text.replace("/usr/lib/git-core/git-http-backend", backend).replace("/srv/git", join(folder, "srv")),
    );
    const builder = new ObjectBuilder([]);
    const application = await builder.application(loadContext("application", `config:${join(folder, "git.ini")}`));
    closing.push(() => builder.close(0));
    const url = `${await serve(application)}/git/a.git`;
    writeFileSync(join(folder, "work", "other"), randomBytes(200_000));
    await git("-C", "work", "add", ".");
    await git("-C", "work", "commit", "-qm", "other");
    await git("-C", "work", "-c", "http.postBuffer=65536", "push", "-q", url, "main");
    await git("clone", "-q", url, "mounted");
    expect(readFileSync(join(folder, "mounted", "other")).equals(readFileSync(join(folder, "work", "other")))).toBe(
      true,
    );
    await expect(git("clone", "-q", `${url}x`, "missing")).rejects.toThrow(/not found/);
  });
});
