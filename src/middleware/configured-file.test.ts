// Files that a configuration names: relative ones lie beside the configuration, wherever the server was started.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadApp } from "../deploy/load.ts";
import { TestClient } from "../testing/test-client.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-files-"));
const inDirectory = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

const APP = `
export const app = (_globalConf, { status = "200 OK", file = "" }) => (environ, startResponse) => {
  environ["tsgi.session"]?.set("seen", true);
  startResponse(status, [["Content-Type", "text/plain"], ...(file === "" ? [] : [["X-Sendfile", file]])]);
  return [Buffer.from("app")];
};
`;

beforeAll(() => {
  for (const name of ["files", "copies", "profiles"]) mkdirSync(inDirectory(name));
  writeFileSync(inDirectory("app.mjs"), APP);
  writeFileSync(inDirectory("files/a.txt"), "file");
  writeFileSync(inDirectory("page.html"), "page");
  writeFileSync(inDirectory("flag"), "");
  writeFileSync(inDirectory("users"), "ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
  writeFileSync(inDirectory("digests"), `ada:Restricted:${"0".repeat(32)}\n`);
});

async function clientOf(name: string, options: string, app = ""): Promise<TestClient> {
  const path = inDirectory(`${name}.ini`);
  const sections = `[app:main]\nuse = call:app:app\nfilter-with = it\n${app}\n[filter:it]\nuse = egg:tsgi#${name}\n${options}\n`;
  writeFileSync(path, sections);
  return new TestClient(await loadApp(`config:${path}`));
}

describe("a relative path of an INI file", () => {
  it.each([
    ["static", "root = files", "", "/a.txt", "200 file"],
    ["maintenance", "flag_file = flag\npage = page.html", "", "/", "503 page"],
    ["error-documents", "documents = 404 = page.html", "status = 404 Not Found", "/", "404 page"],
    ["sendfile", "roots = files", "file = %(here)s/files/a.txt", "/", "200 file"],
    ["auth-basic", "htpasswd = users", "", "/", "200 app"],
  ])("of %s is taken from its directory", async (name, options, app, path, expected) => {
    const client = await clientOf(name, options, app);
    const response = await client.get(path, { auth: { user: "ada", password: "password" } });
    expect(`${response.status} ${response.text()}`).toBe(expected);
  });

  it("of htdigest is, too: its users are read, although this proof is wrong", async () => {
    const client = await clientOf("auth-digest", "htdigest = digests");
    const fields = { username: "ada", realm: "Restricted", uri: "/", nonce: "x", cnonce: "y", response: "z" };
    const quoted = Object.entries(fields).map(([key, value]) => `${key}="${value}"`);
    const Authorization = `Digest ${quoted.join(", ")}, nc=00000001, qop=auth, algorithm=MD5`;
    expect((await client.get("/", { headers: { Authorization } })).status).toBe(401);
  });

  it("of a mapping of sendfile is, too", async () => {
    const options = "variation = x-accel-redirect\nmapping = files = /protected";
    const client = await clientOf("sendfile", options, "file = %(here)s/files/a.txt");
    expect((await client.get("/")).headers.get("X-Accel-Redirect")).toBe("/protected/a.txt");
  });

  it.each([
    ["session-store", "storage = sqlite:sessions.db", () => existsSync(inDirectory("sessions.db"))],
    ["access-log", "file = access.log", () => existsSync(inDirectory("access.log"))],
    ["tee", "directory = copies", () => readdirSync(inDirectory("copies")).length > 0],
    ["profiler", "directory = profiles\nevery = 1", () => readdirSync(inDirectory("profiles")).length > 0],
  ])("of %s is where it writes", async (name, options, isThere) => {
    expect((await (await clientOf(name, options)).get("/")).status).toBe(200);
    await expect.poll(isThere).toBe(true);
  });
});
