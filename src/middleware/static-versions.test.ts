// Which version of a file a client has: tags, siblings of other ages, ranges; and headers of single files.
import { linkSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { sendfile } from "./sendfile.ts";
import type { HeadersByPattern } from "./static/header-rules.ts";
import { filterFactory, staticApp, staticFiles, type StaticOptions } from "./static.ts";

/** When a build that makes the same bytes each time says that its files were made. */
const BUILD_TIME = new Date("1980-01-01T00:00:01Z");

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-static-versions-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, content: string, time = BUILD_TIME): string {
  const path = join(root, name);
  writeFileSync(path, content);
  utimesSync(path, time, time);
  return path;
}

/** Waits until the file is old enough to have a tag. */
async function settled(name: string): Promise<void> {
  const { ctimeMs } = statSync(join(root, name));
  await vi.waitUntil(() => Date.now() - ctimeMs > 1100, 30_000);
}

const app = (options: Partial<StaticOptions> = {}): TestClient =>
  new TestClient(staticApp({ root, ...options }), { raiseErrors: true });

const tagOf = async (client: TestClient, path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await client.get(path, { headers })).headers.get("ETag") ?? "none";

describe.each(["stat", "content"] as const)("with etags = %s", (etags) => {
  test("a file of the same length and time is another version", async () => {
    write("app.js", "version 1");
    await settled("app.js");
    const client = app({ etags });
    const tag = await tagOf(client, "/app.js");
    expect(tag).toMatch(/^"[\w-]+"$/);
    expect((await client.get("/app.js", { headers: { "If-None-Match": tag } })).status).toBe(304);
    write("app.js", "version 2");
    // At once, and later too.
    for (const wait of [async () => undefined, () => settled("app.js")]) {
      await wait();
      const again = await client.get("/app.js", { headers: { "If-None-Match": tag } });
      expect([again.status, again.text()]).toEqual([200, "version 2"]);
      const rest = await client.get("/app.js", { headers: { Range: "bytes=8-", "If-Range": tag } });
      expect([rest.status, rest.text()]).toEqual([200, "version 2"]);
    }
    expect(await tagOf(client, "/app.js")).not.toBe(tag);
  });

  test("a file that is being written has no tag, but is there", async () => {
    write("now.txt", "1");
    expect(await tagOf(app({ etags }), "/now.txt")).toBe("none");
    for (const header of ["If-Match", "If-None-Match"]) {
      const { status } = await app({ etags }).get("/now.txt", { headers: { [header]: "*" } });
      expect(status).toBe(header === "If-Match" ? 200 : 304);
    }
  });

  test("each coding has a tag of its own, even where the bytes are the same", async () => {
    write("a.txt", "same");
    linkSync(join(root, "a.txt"), join(root, "a.txt.gz"));
    linkSync(join(root, "a.txt"), join(root, "a.txt.br"));
    await settled("a.txt");
    const client = app({ etags, precompressed: ["br", "gzip"] });
    const tags = [];
    for (const coding of ["identity", "gzip", "br"])
      tags.push(await tagOf(client, "/a.txt", { "Accept-Encoding": coding }));
    expect(new Set(tags).size).toBe(3);
    expect(tags).not.toContain("none");
  });
});

test("etags of the content are the same on every machine, whatever the times", async () => {
  write("a.txt", "content");
  write("b.txt", "content", new Date("2026-01-01T00:00:00Z"));
  write("c.txt", "CONTENT");
  await settled("c.txt");
  const client = app({ etags: "content" });
  const tags = await Promise.all(["/a.txt", "/b.txt", "/c.txt", "/a.txt"].map((path) => tagOf(client, path)));
  expect([tags[1], tags[3]]).toEqual([tags[0], tags[0]]);
  expect(tags[2]).not.toBe(tags[0]);
  const whole = await client.get("/a.txt", { headers: { Range: "bytes=3-" } });
  expect([whole.status, whole.text()]).toEqual([206, "tent"]);
});

test("a date is no version: what it would continue may have changed within its second", async () => {
  write("a.txt", "version 1");
  const date = (await app().get("/a.txt")).headers.get("Last-Modified") ?? "";
  write("a.txt", "version 2");
  const { status, headers } = await app().get("/a.txt", { headers: { Range: "bytes=8-", "If-Range": date } });
  expect([status, headers.get("Content-Range")]).toEqual([200, null]);
});

describe("a compressed sibling", () => {
  const get = async (): Promise<string> => {
    const response = await app({ precompressed: ["gzip"] }).get("/a.js", { headers: { "Accept-Encoding": "gzip" } });
    return Buffer.from(response.bytes()).toString();
  };

  test.each<[what: string, seconds: number, text: string]>([
    ["newer than its file", 10, "old, compressed"],
    ["as old as its file", 0, "old, compressed"],
    ["of an archive that keeps whole seconds", -0.7, "old, compressed"],
    ["older than its file", -10, "new"],
  ])("%s", async (_, seconds, text) => {
    write("a.js", "new", new Date("2026-01-01T00:00:10.700Z"));
    write("a.js.gz", "old, compressed", new Date(Date.parse("2026-01-01T00:00:10.700Z") + seconds * 1000));
    expect(await get()).toBe(text);
  });

  test("for x-gzip", async () => {
    write("a.js", "plain");
    write("a.js.gz", "compressed");
    const client = app({ precompressed: ["br", "gzip"] });
    const response = await client.get("/a.js", { headers: { "Accept-Encoding": "x-gzip" } });
    const text = Buffer.from(response.bytes()).toString();
    expect([text, response.headers.get("Content-Encoding")]).toEqual(["compressed", "gzip"]);
  });
});

test.each(["bytes=0-", "bytes=0-99", "bytes=-5"])("an empty file is sent whole for %s", async (range) => {
  write("empty.txt", "");
  const response = await app().get("/empty.txt", { headers: { Range: range } });
  expect([response.status, response.headers.get("Content-Length"), response.text()]).toEqual([200, "0", ""]);
});

describe("headers of single files", () => {
  const headers: StaticOptions["headers"] = {
    "*": { "X-All": "yes", "Cache-Control": "no-cache" },
    "*.woff2": { "Access-Control-Allow-Origin": "*" },
    "/assets*/**": { "Cache-Control": "public, max-age=31536000, immutable" },
    "page.html": { "Content-Type": "text/html; charset=latin1", Vary: "Cookie" },
  };

  test.each<[path: string, expected: Record<string, string | null>]>([
    ["/a.txt", { "X-All": "yes", "Cache-Control": "no-cache", "Access-Control-Allow-Origin": null }],
    ["/font.woff2", { "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache" }],
    ["/fontXwoff2", { "Access-Control-Allow-Origin": null }],
    ["/page.html", { "Content-Type": "text/html; charset=latin1", Vary: "Cookie, Accept-Encoding" }],
  ])("of %s", async (path, expected) => {
    write(path.slice(1), "x");
    const response = await app({ headers, precompressed: ["gzip"], maxAgeSeconds: 5 }).get(path);
    for (const [name, value] of Object.entries(expected)) expect(response.headers.get(name), name).toBe(value);
  });

  test("below a folder, of an index, of 304, and of no other answer", async () => {
    const site = mkdtempSync(join(root, "assets-"));
    const folder = `/${site.slice(root.length + 1)}`;
    writeFileSync(join(site, "index.html"), "x");
    const client = app({ headers });
    const cached = "public, max-age=31536000, immutable";
    expect((await client.get(`${folder}/index.html`)).headers.get("Cache-Control")).toBe(cached);
    expect((await client.get(`${folder}/`)).headers.get("Cache-Control")).toBe(cached);
    const unchanged = await client.get(`${folder}/`, { headers: { "If-None-Match": "*" } });
    expect([unchanged.status, unchanged.headers.get("Cache-Control")]).toEqual([304, cached]);
    expect((await client.get("/none.woff2")).headers.get("X-All")).toBeNull();
  });

  test("in a file", async () => {
    write("font.woff2", "x");
    const conf = { root, headers: "\n*  X-All: yes: all\n*.woff2\tAccess-Control-Allow-Origin: *" };
    const client = new TestClient(filterFactory({}, conf)(staticFiles({ root })(staticApp({ root }))));
    const response = await client.get("/font.woff2");
    expect([response.headers.get("X-All"), response.headers.get("Access-Control-Allow-Origin")]).toEqual([
      "yes: all",
      "*",
    ]);
  });

  test.each<[HeadersByPattern, string]>([
    [{ "*": { "Bad Name": "x" } }, "header name"],
    [{ "*": { "X-A": "a\r\nb" } }, "header value"],
    [{ "*": { ETag: '"1"' } }, 'header "ETag"'],
    [{ "*": { "content-length": "1" } }, 'header "content-length"'],
    [{ "a/b": { "X-A": "1" } }, 'pattern "a/b"'],
    [{ "": { "X-A": "1" } }, 'pattern ""'],
  ])("are refused: %j", (refused, message) => {
    expect(() => staticApp({ root: "x", headers: refused })).toThrow(message);
  });

  test.each(["*.woff2", "*.woff2 X-A", ": x"])("are refused in a file: %j", (line) => {
    expect(() => filterFactory({}, { root, headers: line })).toThrow('Option "headers"');
  });
});

describe("sendfile", () => {
  const named =
    (...more: HeaderList): WSGIApplication =>
    (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"], ["X-Sendfile", join(root, "a.txt")], ...more]);
      return [];
    };

  test("drops what held for the empty body of the application", async () => {
    write("a.txt", "the file");
    const stale: HeaderList = [
      ["Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="],
      ["Content-Digest", "sha-256=:x:"],
      ["Content-Range", "bytes 0-0/1"],
      ["ETag", '"app"'],
    ];
    const response = await new TestClient(sendfile({ roots: [root] })(named(...stale))).get("/");
    expect([response.status, response.text()]).toEqual([200, "the file"]);
    for (const name of ["Content-MD5", "Content-Digest", "Content-Range"])
      expect(response.headers.get(name)).toBeNull();
    expect(response.headers.get("ETag")).not.toBe('"app"');
  });

  test("answers other methods whole, whatever their conditions: those were for the application", async () => {
    write("a.txt", "the file");
    const client = new TestClient(sendfile({ roots: [root] })(named()));
    for (const headers of [{ "If-None-Match": "*" }, { "If-Match": '"x"' }, { Range: "bytes=0-1" }] as Record<
      string,
      string
    >[]) {
      const response = await client.post("/", { headers });
      expect([response.status, response.text()]).toEqual([200, "the file"]);
    }
  });
});
