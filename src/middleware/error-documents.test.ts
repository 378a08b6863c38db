// Statuses turned into pages.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import {
  ERROR_PATH,
  ERROR_STATUS,
  errorDocuments,
  filterFactory,
  type ErrorDocumentsOptions,
} from "./error-documents.ts";

let directory = "";
let sorry = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-errors-"));
  sorry = join(directory, "sorry.html");
  writeFileSync(sorry, "<h1>{{status}} {{reason}}</h1><p>{{path}} {{webmaster}} {{other}}</p>");
});

afterAll(() => rmSync(directory, { recursive: true }));

/** Answers with the status that the path names. */
const application: WSGIApplication = validator((environ, startResponse) => {
  const { PATH_INFO: path } = environ;
  if (path === "/throw") throw new Error("Database gone");
  if (path === "/refuse") throw Object.assign(new Error("Too large"), { status: 413, fault: "remote" });
  if (path === "/pages/missing") {
    startResponse("200 OK", [["Content-Type", "text/html"]]);
    return [Buffer.from(`${String(environ[ERROR_STATUS])} ${String(environ[ERROR_PATH])} ${environ.REQUEST_METHOD}`)];
  }
  const headers: HeaderList = [
    ["Content-Type", "application/octet-stream"],
    ["Content-Length", "5"],
    ["ETag", '"1"'],
    ["Retry-After", "9"],
  ];
  startResponse(`${path.slice(1, 4)} Whatever`, headers);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from("inner")];
});

function client(documents: ErrorDocumentsOptions["documents"], more: Partial<ErrorDocumentsOptions> = {}): TestClient {
  return new TestClient(errorDocuments({ documents, ...more })(application), { raiseErrors: true });
}

test("errorDocuments turns an inner 500 into a friendly 503 with the webmaster's address", async () => {
  const localConf = {
    documents: `\n500 = 503 ${sorry}\n404 = path:/pages/missing`,
    webmaster: "<webmaster@example.org>",
  };
  const friendly = new TestClient(filterFactory({}, localConf)(application), { raiseErrors: true });
  const response = await friendly.get("/500");
  expect([response.status, response.reason]).toEqual([503, "Service Unavailable"]);
  expect(response.text()).toBe("<h1>503 Service Unavailable</h1><p>/500 &lt;webmaster@example.org&gt; {{other}}</p>");
  expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("Retry-After")).toBe("9");
  expect(response.headers.has("ETag")).toBe(false);
  expect((await friendly.head("/500")).text()).toBe("");
});

describe("errorDocuments", () => {
  test.each<[path: string, status: number, text: string]>([
    ["/200", 200, "inner"],
    ["/404", 404, "not found"],
    ["/403", 403, "any 4xx"],
    ["/500", 500, "inner"],
  ])("answers %s with %i %j", async (path, status, text) => {
    const response = await client({ 404: { html: "not found" }, "4xx": { html: "any 4xx" } }).get(path);
    expect([response.status, response.text()]).toEqual([status, text]);
  });

  test("gives a page of the application the status of the error", async () => {
    const response = await client({ 404: { path: "/pages/missing" } }).post("/404", { body: "x" });
    expect([response.status, response.text()]).toEqual([404, "404 /404 GET"]);
    expect(response.headers.get("Retry-After")).toBe("9");
  });

  test("says so when the page is itself an error", async () => {
    const response = await client({ 404: { path: "/500" } }).get("/404");
    expect([response.status, response.text()]).toEqual([404, "inner"]);
    expect(response.errors).toContain('The page "/500" for status 404 Whatever answered with status 500');
  });

  test("makes do without a page that cannot be read", async () => {
    const response = await client({ 404: { file: join(directory, "none.html"), status: 410 } }).get("/404");
    expect([response.status, response.text()]).toEqual([410, "Gone\n"]);
    expect(response.errors).toContain("Cannot read the page");
  });

  test("escapes the path", async () => {
    const response = await client({ 404: { html: "{{path}}" } }).get("/404%3Cscript%3E");
    expect(response.text()).toBe("/404&lt;script&gt;");
  });

  test("catches what is thrown, and logs it, but not what a client did", async () => {
    const both = client({ "5xx": { html: "sorry" }, "4xx": { html: "refused" } });
    const response = await both.get("/throw");
    expect([response.status, response.text()]).toEqual([500, "sorry"]);
    expect(response.errors).toContain("Error handling GET /throw: Error: Database gone");
    await expect(both.get("/refuse")).rejects.toThrow("Too large");
    await expect(client({ 500: { html: "sorry" } }, { catchErrors: false }).get("/throw")).rejects.toThrow("gone");
  });

  test("closes the body that it drops", async () => {
    const closed: string[] = [];
    const closing = validator((_environ, startResponse) => {
      startResponse("500 Oops", [["Content-Type", "text/plain"]]);
      return Object.assign([Buffer.from("x")], { close: () => void closed.push("closed") });
    });
    await new TestClient(errorDocuments({ documents: { 500: { html: "sorry" } } })(closing)).get("/");
    expect(closed).toEqual(["closed"]);
  });
});

test.each<[ErrorDocumentsOptions["documents"], string]>([
  [{}, 'Option "documents" is missing'],
  [{ 200: { html: "" } }, 'names "200"'],
  [{ 404: {} }, "expected one file, path or page"],
  [{ 404: { file: "a", path: "/b" } }, "expected one file, path or page"],
  [{ 404: { path: "b" } }, 'the path "b"'],
  [{ 404: { file: "a", status: 99 } }, "the status 99"],
])("errorDocuments refuses %j", (documents, message) => {
  expect(() => errorDocuments({ documents })).toThrow(message);
});
