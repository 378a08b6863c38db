// Files that an application names: sent here, or named to the server in front, and never another one.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, sendfile, type SendfileOptions } from "./sendfile.ts";

let top = "";

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "tsgi-sendfile-"));
  mkdirSync(join(top, "files"));
  mkdirSync(join(top, "files-other"));
  writeFileSync(join(top, "files", "report.pdf"), "the report");
  writeFileSync(join(top, "files-other", "secret"), "secret");
  symlinkSync("../files-other/secret", join(top, "files", "link"));
  // Files that were changed within the last second have no tag.
  const madeAt = Date.now();
  await vi.waitUntil(() => Date.now() - madeAt > 1100, 30_000);
});

afterAll(() => rmSync(top, { recursive: true }));

function naming(path: string, ...more: HeaderList): WSGIApplication {
  return validator((environ, startResponse) => {
    const named = encodeNative(path);
    startResponse("200 OK", [
      ["Content-Type", "application/pdf"],
      ["X-Sendfile", named],
      ["Content-Length", "4"],
      ...more,
    ]);
    return environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from("none")];
  });
}

const client = (options: SendfileOptions, application: WSGIApplication): TestClient =>
  new TestClient(sendfile(options)(application), { raiseErrors: true });

describe("sendfile serves", () => {
  const serve = (name: string): TestClient => client({ roots: [join(top, "files")] }, naming(join(top, name)));

  test("the file with the headers of the application, ranges and conditions", async () => {
    const response = await serve("files/report.pdf").get("/");
    expect([response.text(), response.headers.get("Content-Type")]).toEqual(["the report", "application/pdf"]);
    expect(response.headers.has("X-Sendfile")).toBe(false);
    const part = await serve("files/report.pdf").get("/", { headers: { Range: "bytes=4-9" } });
    expect([part.status, part.text()]).toEqual([206, "report"]);
    const tag = response.headers.get("ETag") ?? "";
    expect((await serve("files/report.pdf").get("/", { headers: { "If-None-Match": tag } })).status).toBe(304);
    expect((await serve("files/report.pdf").head("/")).headers.get("Content-Length")).toBe("10");
  });

  test.each(["files/none", "files", "files-other/secret", "files/../files-other/secret", "files/link"])(
    "not %j",
    async (name) => {
      const response = await serve(name).get("/");
      expect(response.status).toBe(404);
      expect(response.errors).toContain("Cannot send");
    },
  );
});

describe("sendfile names the file", () => {
  test.each<[path: string, header: string | null]>([
    ["/srv/files/report.pdf", "/protected/report.pdf"],
    ["/srv/files/a b?#%.pdf", "/protected/a%20b%3F%23%25.pdf"],
    ["/srv/files/caf\u00e9", "/protected/caf%C3%A9"],
    ["/srv/files/../secret", null],
    ["/srv/files-other/secret", null],
    ["report.pdf", null],
  ])("%j to nginx as %j", async (path, header) => {
    const options: SendfileOptions = { variation: "x-accel-redirect", mapping: { "/srv/files": "/protected/" } };
    const response = await client(options, naming(path)).get("/");
    expect(response.headers.get("X-Accel-Redirect")).toBe(header);
    expect(response.status).toBe(header === null ? 404 : 200);
    expect(response.headers.get("Content-Length")).toBe(header === null ? "10" : "0");
  });

  test("to Apache by its path", async () => {
    const options: SendfileOptions = { variation: "x-sendfile", roots: ["/srv/files"] };
    expect((await client(options, naming("/srv/files/a")).get("/")).headers.get("X-Sendfile")).toBe("/srv/files/a");
    expect((await client(options, naming("/etc/passwd")).get("/")).headers.get("X-Sendfile")).toBeNull();
  });

  test("without any say of the request", async () => {
    const options: SendfileOptions = { variation: "x-accel-redirect", mapping: { "/srv/files": "/protected" } };
    const response = await client(options, naming("/srv/files/a")).get("/", {
      headers: { "X-Sendfile-Type": "X-Sendfile", "X-Accel-Mapping": "/srv/files=/other", "X-Sendfile": "/etc/passwd" },
    });
    expect(response.headers.get("X-Accel-Redirect")).toBe("/protected/a");
    expect(response.headers.has("X-Sendfile")).toBe(false);
  });
});

test("sendfile leaves other responses alone", async () => {
  const plain = validator((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from("plain")];
  });
  expect((await client({ roots: ["/srv"] }, plain).get("/")).text()).toBe("plain");
});

test.each<[Record<string, string>, string]>([
  [{}, 'Option "roots" is missing'],
  [{ variation: "x-accel-redirect" }, 'Option "mapping" is missing'],
  [{ variation: "x-accel-redirect", mapping: "/srv = files" }, 'location "files"'],
  [{ variation: "x-lighttpd" }, 'expected one of "serve"'],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});
