// Runs the examples of docs/middleware-routing.md and docs/middleware-security.md: each section makes the same application twice, out of
// its INI file and out of its program, and both must do what the section says.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadApp } from "../../src/deploy/load.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplicationLike } from "../../src/wsgi/types.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "tsgi-middleware-docs-"));
const workingDirectory = process.cwd();
const TOKEN = "0123456789abcdef";

const APP = String.raw`
const named = (name) => async (environ, startResponse) => {
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, HTTP_HOST } = environ;
  if (name === "files" && PATH_INFO === "/missing") {
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return [];
  }
  const session = environ["tsgi.session"];
  const count = session === undefined ? 0 : (session.get("count") ?? 0) + 1;
  session?.set("count", count);
  const [, args] = environ["wsgiorg.routing_args"] ?? [];
  const read = (await environ["wsgi.input"].read()).length;
  const told = { name, REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, HTTP_HOST, user: environ.REMOTE_USER, count, args, read };
  const token = REQUEST_METHOD === "GET" ? environ["tsgi.csrf_token"]?.() : undefined;
  const nonce = environ["tsgi.csp_nonce"]?.();
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify({ ...told, subdomain: environ["tsgi.subdomain"], token, nonce }))];
};
export const app = named("app");
export const users = named("users");
export const files = named("files");
export const appFactory = (globalConf, localConf) => ({ app, users, files })[localConf.name];
`;

const APP_SECTIONS = ["app", "users", "files"]
  .map((name) => `[app:${name}]\nuse = call:app:appFactory\nname = ${name}\n`)
  .join("\n");

interface Told {
  readonly count: number;
  readonly token?: string;
  readonly nonce?: string;
}
type Check = (client: TestClient) => Promise<unknown>;

const asked = async (client: TestClient, path: string, headers: Record<string, string> = {}): Promise<Told> =>
  (await client.get(path, { headers })).json<Told>();

async function countsVisits(client: TestClient): Promise<void> {
  expect([(await asked(client, "/")).count, (await asked(client, "/")).count]).toEqual([1, 2]);
}

/** What each section promises. */
const CHECKS: Readonly<Record<string, Check>> = {
  async "url-map"(client) {
    expect(await asked(client, "/x")).toMatchObject({ name: "app", SCRIPT_NAME: "", PATH_INFO: "/x" });
    expect(await asked(client, "/users/7")).toMatchObject({ name: "users", SCRIPT_NAME: "/users", PATH_INFO: "/7" });
    expect(await asked(client, "/users2")).toMatchObject({ name: "app" });
    expect(await asked(client, "/x", { Host: "files.example" })).toMatchObject({ name: "files" });
  },
  async "virtual-host"(client) {
    expect(await asked(client, "/", { Host: "shop.example" })).toMatchObject({ name: "app" });
    expect(await asked(client, "/", { Host: "ada.shop.example" })).toMatchObject({ name: "users", subdomain: "ada" });
    expect(await asked(client, "/", { Host: "files.example:8080" })).toMatchObject({ name: "files" });
    expect((await client.get("/", { headers: { Host: "files.example" } })).status).toBe(404);
    expect((await client.get("/", { headers: { Host: "a, b" } })).status).toBe(400);
  },
  async selector(client) {
    expect(await asked(client, "/users/7/edit")).toMatchObject({ name: "users", args: { id: "7" }, PATH_INFO: "" });
    expect(await asked(client, "/files/a/b.txt")).toMatchObject({ name: "files", args: { path: "a/b.txt" } });
    expect((await client.post("/users")).headers.get("Allow")).toBe("GET, HEAD");
    expect((await client.request("HEAD", "/users")).status).toBe(200);
    expect((await client.get("/users/ada")).status).toBe(404);
  },
  async cascade(client) {
    expect(await asked(client, "/there")).toMatchObject({ name: "files" });
    expect((await client.post("/missing", { body: "12345" })).json()).toMatchObject({ name: "app", read: 5 });
  },
  async "script-name"(client) {
    expect(await asked(client, "/shop/cart")).toMatchObject({ SCRIPT_NAME: "/shop", PATH_INFO: "/cart" });
    expect(await asked(client, "/cart")).toMatchObject({ SCRIPT_NAME: "/shop", PATH_INFO: "/cart" });
  },
  async "canonical-redirect"(client) {
    const headers = { Host: "www.shop.example" };
    const { status, headers: told } = await client.get("/a%20b?c=d", { headers });
    expect([status, told.get("Location")]).toEqual([301, "https://shop.example/a%20b?c=d"]);
    expect(await asked(client, "/healthz", headers)).toMatchObject({ PATH_INFO: "/healthz" });
    expect((await client.get("/", { headers: { Host: "evil.example" } })).status).toBe(400);
  },
  async "proxy-fix"(client) {
    const headers = { "X-Forwarded-For": "6.6.6.6, 192.0.2.1, 10.0.0.1", "X-Forwarded-Host": "shop.example" };
    expect(await asked(client, "/", headers)).toMatchObject({ REMOTE_ADDR: "192.0.2.1", HTTP_HOST: "shop.example" });
  },
  async "auth-basic"(client) {
    expect((await client.get("/")).headers.get("WWW-Authenticate")).toContain('realm="Library"');
    expect((await client.get("/", { auth: { user: "ada", password: "correct horse" } })).json()).toMatchObject({
      user: "ada",
    });
    expect((await client.get("/", { auth: { user: "ada", password: "wrong" } })).status).toBe(401);
  },
  async "auth-digest"(client) {
    const { status, headers } = await client.get("/");
    expect(status).toBe(401);
    expect(headers.getAll("WWW-Authenticate")[0]).toMatch(/^Digest realm="Library", qop="auth", algorithm=SHA-256/);
  },
  async "auth-bearer"(client) {
    expect((await client.get("/")).status).toBe(401);
    expect(await asked(client, "/", { Authorization: `Bearer ${TOKEN}` })).toMatchObject({ user: "backup" });
  },
  async "session-cookie"(client) {
    await countsVisits(client);
    expect(client.cookies.get("session")).toMatch(/^e\./);
  },
  async "session-store"(client) {
    await countsVisits(client);
    expect(existsSync(join(directory, "sessions.db"))).toBe(true);
  },
  async csrf(client) {
    const { token = "" } = await asked(client, "/");
    expect((await client.post("/", { form: { csrf_token: token } })).status).toBe(200);
    expect((await client.post("/")).status).toBe(403);
    expect(
      (await client.post("/", { headers: { "X-CSRF-Token": token, Origin: "https://evil.example" } })).status,
    ).toBe(403);
    expect((await client.post("/hooks/x")).status).toBe(200);
  },
  async cors(client) {
    const ask = async (origin: string) => (await client.get("/", { headers: { Origin: origin } })).headers;
    expect((await ask("https://app.example")).get("Access-Control-Allow-Credentials")).toBe("true");
    expect((await ask("https://evil.example")).has("Access-Control-Allow-Origin")).toBe(false);
  },
  async "security-headers"(client) {
    const response = await client.get("/");
    const { nonce } = response.json<Told>();
    const { headers } = response;
    expect(nonce).toMatch(/^[\w-]{22}$/);
    expect(headers.get("Content-Security-Policy")).toBe(`default-src 'self'; script-src 'nonce-${nonce}'`);
    expect([headers.get("X-Content-Type-Options"), headers.has("Referrer-Policy")]).toEqual(["nosniff", false]);
  },
  async "allowed-hosts"(client) {
    const ask = async (host: string) => (await client.get("/", { headers: { Host: host } })).status;
    expect([await ask("www.shop.example"), await ask("localhost:8000"), await ask("evil.example")]).toEqual([
      200, 200, 400,
    ]);
  },
  async "ip-filter"(client) {
    expect((await client.get("/")).status).toBe(200);
  },
  async "rate-limit"(client) {
    const statuses = [await client.get("/"), await client.get("/"), await client.get("/")].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
  },
  async "body-limit"(client) {
    expect((await client.post("/", { body: "x".repeat(1024) })).status).toBe(200);
    expect((await client.post("/", { body: "x".repeat(1025) })).status).toBe(413);
  },
};

interface Section {
  readonly name: string;
  /** The keys that the section lists. */
  readonly keys: readonly string[];
  readonly ini: string;
  readonly program: string;
}

const isFilter = ({ ini }: Section): boolean => !ini.includes("[composite:");

const pages = ["routing", "security"].map((page) => readFileSync(join(ROOT, "docs", `middleware-${page}.md`), "utf8"));
const sections: Section[] = pages.flatMap((page) =>
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => ({
      name: text.split("\n", 1)[0] ?? "",
      keys: Array.from(
        (/^Keys: ([^]*?)\n\n/m.exec(text)?.[1] ?? "").matchAll(/`(\w+)`(?= or|\s\()/g),
        ([, key = ""]) => key,
      ),
      ini: /^```ini\n([^]*?)^```$/m.exec(text)?.[1] ?? "",
      program: /^```ts\n([^]*?)^```$/m.exec(text)?.[1] ?? "",
    })),
);

const jiti = createJiti(join(directory, "main.ts"), {
  alias: { "tsgi/middleware": join(ROOT, "src", "middleware") },
  fsCache: false,
});

beforeAll(() => {
  writeFileSync(join(directory, "app.ts"), APP);
  writeFileSync(join(directory, "users.htpasswd"), "ada:$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/\n");
  process.env["BACKUP_TOKEN"] = TOKEN;
  process.env["SESSION_SECRET"] = TOKEN.repeat(2);
  process.chdir(directory); // the programs name files as their reader would
});

afterAll(() => {
  process.chdir(workingDirectory);
  rmSync(directory, { recursive: true });
});

/** What the section of a middleware promises. */
function checkOf(name: string): Check {
  const check = CHECKS[name];
  if (check === undefined) throw new Error(`CHECKS of this file has no "${name}"; add what its section promises`);
  return check;
}

test("each section has a check", () => {
  expect(sections.map(({ name }) => name)).toEqual(Object.keys(CHECKS));
});

const overview = readFileSync(join(ROOT, "docs", "middleware.md"), "utf8");

test("the example of the overview", async () => {
  const path = join(directory, "overview.ts");
  writeFileSync(path, /^```ts\n([^]*?)^```$/m.exec(overview)?.[1] ?? "");
  const { application } = await jiti.import<{ application: WSGIApplicationLike }>(path);
  const response = await new TestClient(application).get("/", { headers: { "Accept-Encoding": "gzip" } });
  expect([response.status, response.headers.has("X-Request-Id")]).toEqual([200, true]);
});

test("the overview names every middleware that an INI file can use, and no other", () => {
  const rows = overview.split("\n").filter((line) => line.startsWith("|"));
  const named = rows.flatMap((line) =>
    Array.from((line.split("|")[2] ?? "").matchAll(/`([\w-]+)`/g), ([, name = ""]) => name),
  );
  const source = join(ROOT, "src", "middleware");
  const modules = readdirSync(source).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const usable = modules.filter((file) =>
    /export (?:async )?function (?:filter|composite)Factory/.test(readFileSync(join(source, file), "utf8")),
  );
  expect(named.toSorted()).toEqual(usable.map((file) => file.slice(0, -3)).toSorted());
});

test("the overview leads to a section for each", () => {
  const links = [...overview.matchAll(/`([\w-]+)`\]\(([\w-]+\.md)#([\w-]+)\)/g)];
  expect(links.length).toBeGreaterThan(35);
  for (const [, name = "", page = "", anchor] of links) {
    expect(anchor).toBe(name);
    expect(readFileSync(join(ROOT, "docs", page), "utf8")).toContain(`\n## ${name}\n`);
  }
});

describe.each(sections.filter(isFilter))("$name", ({ name, keys }) => {
  test("has the keys that are listed", async () => {
    const { filterFactory } = (await import(join(ROOT, "src", "middleware", `${name}.ts`))) as {
      filterFactory: (globalConf: object, localConf: Record<string, string>) => unknown;
    };
    let message = "";
    try {
      filterFactory({}, { no_such_key_at_all: "1" });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('Unknown option "no_such_key_at_all"');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      try {
        filterFactory({}, { [key]: "\u0001" }); // a value that no option is likely to take
        message = "";
      } catch (error) {
        message = String(error);
      }
      expect(message).not.toContain("Unknown option");
    }
  });
});

describe.each(sections)("$name", (section) => {
  const { name, ini, program } = section;

  test("in an INI file", async () => {
    const path = join(directory, `${name}.ini`);
    const pipeline = isFilter(section) ? `[pipeline:main]\npipeline = ${name} app\n\n` : "";
    writeFileSync(path, `${pipeline}${APP_SECTIONS}\n${ini}`);
    await expect(checkOf(name)(new TestClient(await loadApp(`config:${path}`)))).resolves.toBeUndefined();
  });

  test("in a program", async () => {
    const path = join(directory, `${name}.ts`);
    writeFileSync(path, program);
    const { application } = await jiti.import<{ application: WSGIApplicationLike }>(path);
    await expect(checkOf(name)(new TestClient(application))).resolves.toBeUndefined();
  });
});
