// Real CGI programs that show repositories, as targets of the command: cgit in C, and hgweb in Python with a real hg as its client. To install
// both takes longer than all that is tried here, so it is done only where TSGI_TEST_CGI_PEERS=1 asks for it.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { program } from "../needs.ts";

const CGIT = "/usr/lib/cgit/cgit.cgi";
const git = program("git");
const hg = program("hg");
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "tsgi-cgi-peers-"));
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true });
});

/** Serves a program, as `tsgi cgi:PROGRAM` does. */
async function serve(path: string, environment: readonly string[]): Promise<string> {
  const loaded = await loadSchemeTarget(`cgi:${path}`, { directory: folder, environment, log: { debug() {} } });
  closing.push(() => loaded.close(0));
  const server = makeServer("127.0.0.1", 0, loaded.application);
  await server.listen();
  closing.push(() => server.close(0));
  return server.url;
}

async function command(name: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOME: folder, GIT_CONFIG_NOSYSTEM: "1", HGRCPATH: "" };
  return (await run(name, args, { cwd: folder, env })).stdout;
}

const large = randomBytes(3_000_000);

describe.skipIf(git === undefined || !existsSync(CGIT))("cgit", () => {
  let client: TestClient;
  let url: string;
  beforeAll(async () => {
    await command("git", "init", "-q", "-b", "main", "a");
    writeFileSync(join(folder, "a", "file & <name>.txt"), "content of the file\n");
    writeFileSync(join(folder, "a", "large"), large);
    await command("git", "-C", "a", "add", ".");
    await command("git", "-C", "a", "-c", "user.name=Ä", "-c", "user.email=a@b", "commit", "-qm", "the first change");
    await command("git", "-C", "a", "update-server-info");
    const lines = [
      "virtual-root=/",
      "snapshots=tar.gz",
      "enable-http-clone=1",
      "repo.url=a",
      `repo.path=${folder}/a/.git`,
    ];
    writeFileSync(join(folder, "cgitrc"), `${lines.join("\n")}\n`);
    url = await serve(CGIT, [`CGIT_CONFIG=${join(folder, "cgitrc")}`]);
    client = new TestClient(url);
  });

  test("shows its repositories, a log, and a file whose name needs encoding", async () => {
    expect((await client.get("/")).text()).toContain("<a href='/a/'>a</a>");
    const log = await client.get("/a/log/?h=main");
    expect([log.status, log.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(log.text()).toContain("the first change");
    const plain = await client.get("/a/plain/file%20&%20%3Cname%3E.txt");
    expect([plain.status, plain.text()]).toEqual([200, "content of the file\n"]);
  });

  test("sends megabytes unchanged, and a snapshot", async () => {
    const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    expect(digest((await client.get("/a/plain/large")).bytes())).toBe(digest(large));
    const snapshot = await client.get("/a/snapshot/a-main.tar.gz");
    expect(gunzipSync(snapshot.bytes()).includes("a-main/large")).toBe(true);
  });

  test("answers HEAD without a body, and what it does not have with 404", async () => {
    const head = await client.head("/a/plain/large");
    expect([head.status, head.bytes().length]).toEqual([200, 0]);
    expect((await client.get("/nowhere/")).status).toBe(404);
    expect((await client.get("/a/plain/..%2f..%2fetc/passwd")).status).toBe(404);
  });

  test("is cloned from by git", async () => {
    await command("git", "clone", "-q", `${url}/a`, "cloned");
    expect(readFileSync(join(folder, "cloned", "large")).equals(large)).toBe(true);
  });
});

describe.skipIf(hg === undefined)("hgweb", () => {
  let url: string;
  beforeAll(async () => {
    mkdirSync(join(folder, "r"));
    await command("hg", "init", "r");
    writeFileSync(join(folder, "r", "large"), large);
    await command("hg", "-R", "r", "commit", "-qA", "-u", "a", "-m", "the first change");
    writeFileSync(join(folder, "r", ".hg", "hgrc"), "[web]\nallow-push = *\npush_ssl = false\nname = shop\n");
    const lines = [
      "#!/usr/bin/python3",
      "from mercurial import demandimport; demandimport.enable()",
      "from mercurial.hgweb import hgweb, wsgicgi",
      `wsgicgi.launch(hgweb(b"${folder}/r"))`,
    ];
    writeFileSync(join(folder, "hgweb.cgi"), `${lines.join("\n")}\n`, { mode: 0o755 });
    url = await serve(join(folder, "hgweb.cgi"), ["HGRCPATH="]);
  });

  test("shows a log, a file, and what it does not have with 404", async () => {
    const client = new TestClient(url);
    expect((await client.get("/")).text()).toContain("the first change");
    expect((await client.get("/raw-file/tip/large")).bytes().length).toBe(large.length);
    expect((await client.get("/rev/nowhere")).status).toBe(404);
  });

  test("is cloned from, pushed to and pulled from by hg", async () => {
    await command("hg", "clone", "-q", url, "hg-cloned");
    expect(readFileSync(join(folder, "hg-cloned", "large")).equals(large)).toBe(true);
    const other = randomBytes(2_000_000);
    writeFileSync(join(folder, "hg-cloned", "other"), other);
    await command("hg", "-R", "hg-cloned", "commit", "-qA", "-u", "a", "-m", "the second change");
    await command("hg", "-R", "hg-cloned", "push", "-q", url);
    await command("hg", "clone", "-q", url, "hg-again");
    expect(readFileSync(join(folder, "hg-again", "other")).equals(other)).toBe(true);
    expect(await command("hg", "-R", "hg-again", "log", "-T", "{desc}\n")).toBe(
      "the second change\nthe first change\n",
    );
  });
});
