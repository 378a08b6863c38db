// Files over the contract: what is sent, with which headers, and what is never sent. The threat list at the end follows the advisories
// of Rack and others on static files.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mockEnviron } from "../testing/mock-environ.ts";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { appFactory, filterFactory, staticApp, staticFiles, type StaticOptions } from "./static.ts";

const MODIFIED = new Date("2026-01-02T03:04:05Z");
const LAST_MODIFIED = "Fri, 02 Jan 2026 03:04:05 GMT";
const BIG = Buffer.alloc(300_000, "0123456789");

let top = "";
let root = "";

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "tsgi-static-"));
  root = join(top, "public");
  const files: Record<string, string | Buffer> = {
    "secret.txt": "secret",
    "public-secret/secret.txt": "secret",
    "public/hello.txt": "hello world",
    "public/index.html": "<h1>Home</h1>",
    "public/sub/index.html": "<h1>Sub</h1>",
    "public/list/b.txt": "b",
    "public/list/<img src=x onerror=alert(1)>.txt": "x",
    "public/list/javascript:alert(1)": "x",
    "public/list/it's 100%.txt": "percent",
    "public/list/.hidden": "hidden",
    "public/.env": "PASSWORD=1",
    "public/.git/config": "config",
    "public/.git/index.html": "<h1>Git</h1>",
    "public/.well-known/security.txt": "Contact: mailto:ada@example.org",
    "public/.well-known/.hidden": "hidden",
    "public/sub/.well-known/x.txt": "hidden",
    "public/app.js": "plain",
    "public/app.js.br": "brotli",
    "public/app.js.gz": "gzip",
    "public/caf\u00e9.txt": "caf\u00e9",
    "public/empty.txt": "",
    "public/code.ts": "let x;",
    "public/unknown.qqq": "?",
    "public/big.bin": BIG,
    "public/a%2fb.txt": "percent in name",
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(top, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, MODIFIED, MODIFIED);
  }
  symlinkSync("hello.txt", join(root, "inside.txt"));
  symlinkSync("../secret.txt", join(root, "outside.txt"));
  symlinkSync("..", join(root, "up"));
  symlinkSync("../public-secret/secret.txt", join(root, "beside.txt"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(".env", join(root, "settings.txt"));
  symlinkSync(".git", join(root, "git"));
  symlinkSync(".env", join(root, "hello.txt.gz"));
  // How Kubernetes mounts a volume: every name is a link through ..data, which is one too.
  mkdirSync(join(root, "mounted/..2026_01_02"), { recursive: true });
  writeFileSync(join(root, "mounted/..2026_01_02/page.txt"), "mounted");
  symlinkSync("..2026_01_02", join(root, "mounted/..data"));
  symlinkSync("..data/page.txt", join(root, "mounted/page.txt"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  // Files that were changed within the last second have no tag.
  const madeAt = Date.now();
  await vi.waitUntil(() => Date.now() - madeAt > 1100, 30_000);
});

afterAll(() => rmSync(top, { recursive: true }));

const inner = validator((_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("from the application")];
});

function filter(options: Partial<StaticOptions> = {}): TestClient {
  return new TestClient(staticFiles({ root, ...options })(inner), { raiseErrors: true });
}

function app(options: Partial<StaticOptions> = {}): TestClient {
  return new TestClient(staticApp({ root, ...options }), { raiseErrors: true });
}

/** Files of this test that the process has open: none may be left behind. */
function openDescriptors(): number {
  const paths = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return ""; // that of the directory just read
    }
  });
  return paths.filter((path) => path.startsWith(top)).length;
}

describe("static files are sent", () => {
  test("with type, length, date and tag", async () => {
    const response = await app().get("/hello.txt");
    expect([response.status, response.text()]).toEqual([200, "hello world"]);
    expect(Object.fromEntries(response.headers.list)).toEqual({
      "Content-Type": "text/plain; charset=utf-8",
      "Accept-Ranges": "bytes",
      "Last-Modified": LAST_MODIFIED,
      ETag: expect.stringMatching(/^"[\da-z-]+-b"$/),
      "Content-Length": "11",
    });
  });

  test.each<[path: string, type: string]>([
    ["/app.js", "text/javascript; charset=utf-8"],
    ["/code.ts", "text/plain; charset=utf-8"],
    ["/unknown.qqq", "application/octet-stream"],
    ["/big.bin", "application/octet-stream"],
    ["/caf%C3%A9.txt", "text/plain; charset=utf-8"],
    ["/empty.txt", "text/plain; charset=utf-8"],
    ["/inside.txt", "text/plain; charset=utf-8"],
    ["/a%252fb.txt", "text/plain; charset=utf-8"],
  ])("from %s as %s", async (path, type) => {
    const response = await app().get(path);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
  });

  test("when they are large, block by block, and once the client leaves no more", async () => {
    const whole = await app().get("/big.bin");
    expect(Buffer.from(whole.bytes()).equals(BIG)).toBe(true);
    const client = new TestClient(staticApp({ root }));
    await client.get("/big.bin", { leaveAfterBytes: 1 });
    await expect.poll(openDescriptors).toBe(0);
  });

  test("to HEAD without a body", async () => {
    const response = await app().head("/hello.txt");
    expect([response.status, response.headers.get("Content-Length"), response.text()]).toEqual([200, "11", ""]);
  });

  test("for directories by their index, after a redirect to the slash", async () => {
    expect((await app().get("/")).text()).toBe("<h1>Home</h1>");
    const redirect = await app().get("/sub?q=1");
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([301, "/sub/?q=1"]);
    expect((await app().get("/sub/")).text()).toBe("<h1>Sub</h1>");
    expect((await app({ index: "" }).get("/")).status).toBe(404);
    expect((await app().get("/hello.txt/")).status).toBe(404);
  });

  test("with what caches are told", async () => {
    const cacheControl = async (options: Partial<StaticOptions>): Promise<string | null> =>
      (await app(options).get("/hello.txt")).headers.get("Cache-Control");
    expect(await cacheControl({ maxAgeSeconds: 60 })).toBe("public, max-age=60");
    expect(await cacheControl({ maxAgeSeconds: 60, immutable: true })).toBe("public, max-age=60, immutable");
  });
});

describe("conditions and ranges", () => {
  test.each<[status: number, headers: Record<string, string>, body: string, contentRange: string | null]>([
    [206, { Range: "bytes=0-4" }, "hello", "bytes 0-4/11"],
    [206, { Range: "bytes=6-" }, "world", "bytes 6-10/11"],
    [206, { Range: "bytes=-5" }, "world", "bytes 6-10/11"],
    [206, { Range: "bytes=-50" }, "hello world", "bytes 0-10/11"],
    [206, { Range: "bytes=10-99999999999999999999" }, "d", "bytes 10-10/11"],
    [416, { Range: "bytes=11-" }, "Range Not Satisfiable\n", "bytes */11"],
    [416, { Range: "bytes=-0" }, "Range Not Satisfiable\n", "bytes */11"],
    [200, { Range: "bytes=5-2" }, "hello world", null],
    [200, { Range: "bytes=a-b" }, "hello world", null],
    [200, { Range: "lines=1-2" }, "hello world", null],
    [200, { Range: "bytes=0-4", "If-Range": LAST_MODIFIED }, "hello world", null],
    [200, { Range: "bytes=0-4", "If-Range": "Fri, 02 Jan 2026 03:04:06 GMT" }, "hello world", null],
    [200, { Range: "bytes=0-4", "If-Range": '"other"' }, "hello world", null],
    [304, { "If-Modified-Since": LAST_MODIFIED }, "", null],
    [304, { "If-None-Match": "*", Range: "bytes=0-4" }, "", null],
    [412, { "If-Match": '"other"' }, "Precondition Failed\n", null],
    [200, { "If-Match": "*" }, "hello world", null],
    [412, { "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:04 GMT" }, "Precondition Failed\n", null],
  ])("give %i for %j", async (status, headers, body, contentRange) => {
    const response = await app().get("/hello.txt", { headers });
    expect([response.status, response.text(), response.headers.get("Content-Range")]).toEqual([
      status,
      body,
      contentRange,
    ]);
    expect(openDescriptors()).toBe(0);
  });

  test("hold for the tag too", async () => {
    const tag = (await app().get("/hello.txt")).headers.get("ETag") ?? "";
    expect((await app().get("/hello.txt", { headers: { "If-None-Match": tag } })).status).toBe(304);
    expect((await app().get("/hello.txt", { headers: { Range: "bytes=0-0", "If-Range": tag } })).status).toBe(206);
    expect((await app().get("/hello.txt", { headers: { Range: "bytes=0-0", "If-Range": `W/${tag}` } })).status).toBe(
      200,
    );
  });

  test("a large range comes whole from the middle", async () => {
    const response = await app().get("/big.bin", { headers: { Range: "bytes=100005-250000" } });
    expect(Buffer.from(response.bytes()).equals(BIG.subarray(100_005, 250_001))).toBe(true);
  });
});

describe("compressed siblings", () => {
  test.each<[accepted: string, coding: string | null, body: string]>([
    ["gzip, br", "br", "brotli"],
    ["gzip", "gzip", "gzip"],
    ["zstd", null, "plain"],
    ["zstd, gzip;q=0.5", "gzip", "gzip"],
    ["identity", null, "plain"],
  ])("for %j are of coding %j", async (accepted, coding, body) => {
    const client = app({ precompressed: ["zstd", "br", "gzip"] });
    const response = await client.get("/app.js", { headers: { "Accept-Encoding": accepted } });
    expect([response.headers.get("Content-Encoding"), Buffer.from(response.bytes()).toString()]).toEqual([
      coding,
      body,
    ]);
    expect(response.headers.get("Content-Type")).toBe("text/javascript; charset=utf-8");
    expect(response.headers.get("Vary")).toBe("Accept-Encoding");
    expect(openDescriptors()).toBe(0);
  });
});

describe("where files are looked for", () => {
  test.each<[what: string, options: Partial<StaticOptions>, method: string, path: string, text: string]>([
    ["a file that is not there", {}, "GET", "/none", "from the application"],
    ["a file that is not there, at the end", { fallThrough: false }, "GET", "/none", "Not Found\n"],
    ["another method", {}, "POST", "/hello.txt", "from the application"],
    ["below the prefix", { prefix: "/static" }, "GET", "/static/hello.txt", "hello world"],
    ["below the prefix with a slash", { prefix: "/static/" }, "GET", "/static/hello.txt", "hello world"],
    ["beside the prefix", { prefix: "/static" }, "GET", "/hello.txt", "from the application"],
    [
      "at a longer name than the prefix",
      { prefix: "/pub" },
      "GET",
      "/public-secret/secret.txt",
      "from the application",
    ],
  ])("%s", async (_, options, method, path, text) => {
    expect((await filter(options).request(method, path)).text()).toBe(text);
  });

  test("the application alone says 404 and 405", async () => {
    expect((await app().get("/none")).status).toBe(404);
    const refused = await app().post("/hello.txt");
    expect([refused.status, refused.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    // Where there is no file, there is nothing that could be asked in another way: a cascade goes on.
    for (const path of ["/none", "/.env", "/list/", "/../secret.txt"])
      expect((await app().post(path)).status).toBe(404);
    expect((await app().post("/sub/")).status).toBe(405);
    expect(openDescriptors()).toBe(0);
  });

  test("a path mounted deeper redirects to where the client sees it", async () => {
    const headers: [string, string][] = [];
    const environ = mockEnviron({ url: "/files/sub", scriptName: "/files" });
    await staticApp({ root })(environ, (_status, list) => {
      headers.push(...list);
      return () => undefined;
    });
    expect(headers).toContainEqual(["Location", "/files/sub/"]);
  });
});

describe("threats", () => {
  test.each([
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/sub/../../secret.txt",
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/%252e%252e/secret.txt",
    "/../public-secret/secret.txt",
    "//etc/passwd",
    "/sub//index.html",
    "/./hello.txt",
    "/hello.txt%00.png",
    "/%ff.txt",
    "/outside.txt",
    "/beside.txt",
    "/up/secret.txt",
    "/loop",
    "/pipe",
    `/${"a".repeat(5000)}`,
  ])("%s finds nothing", async (path) => {
    // Not through the client's URL parser, which would resolve dots.
    const environ = mockEnviron();
    environ.PATH_INFO = path.replaceAll(/%([\da-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    // Where links may lead anywhere, the path alone must be enough to refuse.
    const isLink = /^\/(?:outside|beside|up)/.test(path);
    for (const symlinks of isLink ? (["inside"] as const) : (["inside", "anywhere"] as const)) {
      let status = "";
      const body = await staticApp({ root, symlinks, dotfiles: "allow" })(environ, (line) => {
        status = line;
        return () => undefined;
      });
      expect(status).toBe("404 Not Found");
      expect(Buffer.concat([...(body as Iterable<Uint8Array>)]).toString()).not.toContain("secret");
    }
    expect(openDescriptors()).toBe(0);
  });

  test("a prefix is compared after decoding, name by name", async () => {
    const client = filter({ prefix: "/static" });
    expect((await client.get("/%73tatic/hello.txt")).text()).toBe("hello world");
    expect((await client.get("/static%2f..%2f..%2fsecret.txt")).text()).toBe("from the application");
    expect((await client.get("/static../secret.txt")).text()).toBe("from the application");
  });

  test("links that leave the root are followed only when that is asked for", async () => {
    expect((await app({ symlinks: "anywhere" }).get("/outside.txt")).text()).toBe("secret");
  });

  test("names with a dot are hidden, denied or shown", async () => {
    for (const path of ["/.env", "/.git/config"]) {
      expect((await app().get(path)).status).toBe(404);
      expect((await app({ dotfiles: "deny" }).get(path)).status).toBe(403);
      expect((await app({ dotfiles: "allow" }).get(path)).status).toBe(200);
    }
  });

  test.each(["inside", "anywhere"] as const)(
    "a link to a name with a dot is no way around, links %s",
    async (symlinks) => {
      for (const path of ["/settings.txt", "/git/config", "/git/"]) {
        expect((await app({ symlinks, listing: true }).get(path)).status, path).toBe(404);
        expect((await app({ symlinks, dotfiles: "deny" }).get(path)).status, path).toBe(404);
        expect((await app({ symlinks, dotfiles: "allow" }).get(path)).status, path).toBe(200);
      }
      const headers = { "Accept-Encoding": "gzip" };
      expect((await app({ symlinks, precompressed: ["gzip"] }).get("/hello.txt", { headers })).text()).toBe(
        "hello world",
      );
      expect(openDescriptors()).toBe(0);
    },
  );

  test("the links of a mounted volume lead to its files", async () => {
    expect((await app().get("/mounted/page.txt")).text()).toBe("mounted");
    expect((await app().get("/mounted/..data/page.txt")).status).toBe(404);
  });

  test("/.well-known/ is for everybody, and hides nothing else", async () => {
    expect((await app().get("/.well-known/security.txt")).status).toBe(200);
    expect((await app({ dotfiles: "deny" }).get("/.well-known/security.txt")).status).toBe(200);
    for (const path of ["/.well-known/.hidden", "/sub/.well-known/x.txt", "/.well-known.old"])
      expect((await app().get(path)).status, path).toBe(404);
  });

  test("overlapping ranges cost one answer", async () => {
    const ranges = Array.from({ length: 1000 }, () => "0-").join(",");
    const response = await app().get("/hello.txt", { headers: { Range: `bytes=${ranges}` } });
    expect([response.status, response.text()]).toEqual([200, "hello world"]);
  });

  test("a redirect stays on this host", async () => {
    mkdirSync(join(root, "evil.test"), { recursive: true });
    const environ = mockEnviron({ url: "/evil.test", scriptName: "" });
    environ.SCRIPT_NAME = "/";
    let location: string | undefined;
    await staticApp({ root })(environ, (_status, headers) => {
      location = headers.find(([name]) => name === "Location")?.[1];
      return () => undefined;
    });
    expect(location).toBe("/evil.test/");
  });

  test("a listing is off until it is asked for, and escapes every name", async () => {
    expect((await app().get("/list/")).status).toBe(404);
    const response = await app({ listing: true }).get("/list/");
    const html = response.text();
    expect(html).not.toMatch(/<img|href="javascript:|\.hidden/);
    expect(html).toContain(
      '<a href="./%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.txt">&lt;img src=x onerror=alert(1)&gt;.txt</a>',
    );
    expect(html).toContain('href="./it%27s%20100%25.txt"');
    expect(response.headers.get("Content-Security-Policy")).toBe("default-src 'none'");
    const link = /href="\.\/(it[^"]*)"/.exec(html)?.[1] ?? "";
    expect((await app().get(`/list/${link}`)).text()).toBe("percent");
  });

  test("a listing escapes the path in its title", async () => {
    mkdirSync(join(root, "<b>"), { recursive: true });
    expect((await app({ listing: true }).get("/%3Cb%3E/")).text()).toContain("Index of /&lt;b&gt;/");
  });
});

describe("options in a file", () => {
  test("make a filter and an application", async () => {
    const localConf = { root: "public", prefix: "/s", max_age_seconds: "5", precompressed: "br gzip" };
    const client = new TestClient(filterFactory({ here: top }, localConf)(inner), { raiseErrors: true });
    expect((await client.get("/s/hello.txt")).headers.get("Cache-Control")).toBe("public, max-age=5");
    const files = new TestClient(appFactory({ here: top }, { root: "public" }), { raiseErrors: true });
    expect((await files.get("/hello.txt")).text()).toBe("hello world");
  });

  test.each<[Record<string, string>, string]>([
    [{}, 'Option "root" is missing'],
    [{ root: "x", prefix: "static" }, 'Option "prefix" is "static"'],
    [{ root: "x", index: "../index.html" }, 'Option "index"'],
    [{ root: "x", precompressed: "deflate" }, 'names "deflate"'],
    [{ root: "x", immutable: "yes" }, 'Option "immutable" needs'],
    [{ root: "x", max_age_seconds: "-1" }, "expected 0 or more"],
    [{ root: "x", dotfile: "allow" }, 'Unknown option "dotfile"'],
  ])("are refused: %j", (localConf, message) => {
    expect(() => filterFactory({}, localConf)).toThrow(message);
  });
});
