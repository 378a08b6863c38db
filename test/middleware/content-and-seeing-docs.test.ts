// Runs the examples of docs/middleware-content.md and docs/middleware-seeing.md: each section makes the same application twice, out of its
// INI file and out of its program, and both must do what the section says.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { createJiti } from "jiti";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadApp } from "../../src/deploy/load.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplicationLike } from "../../src/wsgi/types.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "tsgi-middleware-docs-"));
const workingDirectory = process.cwd();

const APP = String.raw`
const wait = () => new Promise((resolve) => setTimeout(resolve, 1000));
let calls = 0;
export const app = async (environ, startResponse) => {
  calls += 1;
  const path = environ.PATH_INFO;
  if (path === "/throw") throw new Error("Database gone");
  if (path === "/slow") await wait();
  if (path === "/wrong") startResponse("200 OK", []);
  const status = { "/500": "500 Internal Server Error", "/404": "404 Not Found" }[path] ?? "200 OK";
  const headers = [["Content-Type", "text/plain"], ["Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"]];
  if (path === "/report") headers.push(["X-Sendfile", process.cwd() + "/reports/report.txt"]);
  if (path === "/fresh") headers.push(["Cache-Control", "max-age=60"]);
  if (path !== "/wrong") startResponse(status, headers);
  const sent = path === "/echo" ? Buffer.from(await environ["wsgi.input"].read()).toString() : path;
  const text = path === "/long" ? "long ".repeat(200) : environ.REQUEST_METHOD + " " + (path === "/fresh" ? calls : sent);
  return [Buffer.from(text), Buffer.from("\n")];
};
`;

const FILES: Readonly<Record<string, string | Buffer>> = {
  "app.ts": APP,
  "public/assets/font.woff2": "font",
  "public/hello.txt": "hello",
  "public/hello.txt.gz": gzipSync("zipped"),
  "reports/report.txt": "the report",
  "sorry.html": "<p>Write to {{webmaster}}",
};

type Check = (client: TestClient) => Promise<unknown>;

/** What each section promises. */
const CHECKS: Readonly<Record<string, Check>> = {
  async static(client) {
    const response = await client.get("/static/hello.txt", { headers: { "Accept-Encoding": "gzip" } });
    expect([response.text(), response.headers.get("Cache-Control")]).toEqual(["zipped", "public, max-age=3600"]);
    expect((await client.get("/hello.txt")).text()).toBe("GET /hello.txt\n");
    const font = await client.get("/static/assets/font.woff2");
    expect(font.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(font.headers.get("Access-Control-Allow-Origin")).toBe("*");
  },
  async compress(client) {
    const response = await client.get("/long", { headers: { "Accept-Encoding": "gzip" } });
    expect(gunzipSync(response.bytes()).toString()).toBe(`${"long ".repeat(200)}\n`);
  },
  async decompress(client) {
    const body = (text: string) => ({ body: gzipSync(text), headers: { "Content-Encoding": "gzip" } });
    expect((await client.post("/echo", body("hello"))).text()).toBe("POST hello\n");
    expect((await client.post("/echo", body("x".repeat(1024 * 1024 + 1)))).status).toBe(413);
    expect((await client.post("/echo", { body: "x", headers: { "Content-Encoding": "lzw" } })).status).toBe(415);
  },
  async etag(client) {
    expect((await client.get("/")).headers.get("ETag")).toMatch(/^W\/"/);
  },
  async "conditional-get"(client) {
    const headers = { "If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT" };
    expect((await client.get("/", { headers })).status).toBe(304);
  },
  async "content-length"(client) {
    expect((await client.get("/")).headers.get("Content-Length")).toBe("6");
  },
  async head(client) {
    expect((await client.head("/")).text()).toBe("");
  },
  async sendfile(client) {
    expect((await client.get("/report")).text()).toBe("the report");
  },
  async "method-override"(client) {
    expect((await client.post("/", { form: { _method: "DELETE" } })).text()).toBe("DELETE /\n");
    expect((await client.post("/", { form: { _method: "PUT" } })).text()).toBe("POST /\n");
  },
  async "error-documents"(client) {
    const friendly = await client.get("/500");
    expect([friendly.status, friendly.text()]).toEqual([503, "<p>Write to webmaster@example.org"]);
    const missing = await client.get("/404");
    expect([missing.status, missing.text()]).toEqual([404, "GET /pages/not-found\n"]);
  },
  async maintenance(client) {
    const flag = join(directory, "maintenance.flag");
    writeFileSync(flag, "");
    try {
      expect((await client.get("/health")).status).toBe(200);
      expect((await client.get("/")).status).toBe(503);
    } finally {
      rmSync(flag);
    }
  },
  async "response-cache"(client) {
    expect((await client.get("/fresh")).text()).toBe((await client.get("/fresh")).text());
  },
  async "access-log"(client) {
    expect(JSON.parse((await client.get("/a")).errors)).toMatchObject({ target: "/a", status: 200 });
  },
  async "request-id"(client) {
    const response = await client.get("/", { headers: { "X-Request-Id": "mine" } });
    expect(response.headers.get("X-Request-Id")).toBe("mine");
  },
  async traceparent(client) {
    expect((await client.get("/")).status).toBe(200);
  },
  async runtime(client) {
    expect((await client.get("/")).headers.get("X-App-Runtime")).toMatch(/^\d+\.\d{6}$/);
  },
  async profiler(client) {
    expect((await client.get("/")).headers.has("X-Profile-File")).toBe(false);
    const response = await client.get("/", { headers: { "X-Profile": "correct horse battery staple" } });
    expect(readdirSync(join(directory, "profiles"))).toContain(response.headers.get("X-Profile-File"));
  },
  async "show-exceptions"(client) {
    expect((await client.get("/throw")).text()).toContain("Error: Database gone");
  },
  async "validator-filter"(client) {
    expect((await client.get("/wrong")).error).toMatchObject({ code: "ERR_TSGI_CONTENT_TYPE_MISSING" });
  },
  async "early-hints"(client) {
    const { earlyHints } = await client.get("/", { headers: { Accept: "text/html" } });
    expect(earlyHints).toEqual([[["Link", "</site.css>; rel=preload; as=style"]]]);
  },
  async timeout(client) {
    expect((await client.get("/slow")).status).toBe(504);
  },
  async tee(client) {
    await client.get("/copied");
    const copies = readdirSync(join(directory, "copies")).map((name) =>
      readFileSync(join(directory, "copies", name), "utf8"),
    );
    expect(copies.some((copy) => copy.includes("GET /copied HTTP/1.1"))).toBe(true);
    rmSync(join(directory, "copies"), { recursive: true });
  },
};

interface Section {
  readonly name: string;
  /** The keys that the section lists. */
  readonly keys: readonly string[];
  readonly ini: string;
  readonly program: string;
}

/** Each key stands in backquotes before its default in parentheses. */
function keysOf(text: string): string[] {
  return Array.from(text.matchAll(/`(\w+)` \(/g), ([, key = ""]) => key);
}

const sections: Section[] = ["content", "seeing"].flatMap((page) =>
  readFileSync(join(ROOT, "docs", `middleware-${page}.md`), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((text) => ({
      name: text.split("\n", 1)[0] ?? "",
      keys: keysOf(/^Keys: ([^]*?)\n\n/m.exec(text)?.[1] ?? ""),
      ini: /^```ini\n([^]*?)^```$/m.exec(text)?.[1] ?? "",
      program: /^```ts\n([^]*?)^```$/m.exec(text)?.[1] ?? "",
    })),
);

const jiti = createJiti(join(directory, "main.ts"), {
  alias: { "tsgi/middleware": join(ROOT, "src", "middleware") },
  fsCache: false,
});

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
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

describe.each(sections)("$name", ({ name, keys, ini, program }) => {
  test("has the keys that are listed", async () => {
    const { filterFactory } = (await import(join(ROOT, "src", "middleware", `${name}.ts`))) as {
      filterFactory: (globalConf: object, localConf: Record<string, string>) => unknown;
    };
    for (const key of keys) {
      let message = "";
      try {
        filterFactory({}, { [key]: "\u0001" }); // a value that no option is likely to take
      } catch (error) {
        message = String(error);
      }
      expect(message).not.toContain("Unknown option");
    }
    expect(() => filterFactory({}, { no_such_key: "1" })).toThrow('Unknown option "no_such_key"');
  });

  test("in an INI file", async () => {
    const path = join(directory, `${name}.ini`);
    writeFileSync(
      path,
      `[pipeline:main]\npipeline = ${name} app\n\n[app:app]\nuse = call:wrapped:appFactory\n\n${ini}`,
    );
    writeFileSync(
      join(directory, "wrapped.ts"),
      'import { app } from "./app.ts";\nexport const appFactory = () => app;\n',
    );
    const client = new TestClient(await loadApp(`config:${path}`), { validate: name !== "validator-filter" });
    await expect(checkOf(name)(client)).resolves.toBeUndefined();
  });

  test("in a program", async () => {
    const path = join(directory, `${name}.ts`);
    writeFileSync(path, program);
    const { application } = await jiti.import<{ application: WSGIApplicationLike }>(path);
    const client = new TestClient(application, { validate: name !== "validator-filter" });
    await expect(checkOf(name)(client)).resolves.toBeUndefined();
  });
});
