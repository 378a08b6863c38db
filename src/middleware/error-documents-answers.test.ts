// What clients get in place of an error: a page of the application, as if nobody had ever asked for it; JSON for who speaks that; and
// breaches of the contract, which no page covers up in tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { decodeNative } from "../wsgi/native-string.ts";
import type { HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { errorDocuments, filterFactory, type ErrorDocumentsOptions } from "./error-documents.ts";
import { showExceptions } from "./show-exceptions.ts";
import { staticFiles } from "./static.ts";

const HTML = "<h1>Not here</h1>";
let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-error-pages-"));
  mkdirSync(join(root, "pages"));
  writeFileSync(join(root, "pages", "404.html"), HTML);
});
afterAll(() => rmSync(root, { recursive: true }));

const DOCUMENTS: ErrorDocumentsOptions["documents"] = { 404: { path: "/pages/404.html" } };
const HEADERS: HeaderList = [
  ["Content-Type", "text/plain"],
  ["Content-Disposition", 'attachment; filename="report.pdf"'],
  ["Content-MD5", "x"],
  ["Repr-Digest", "sha-256=:x:"],
  ["Accept-Ranges", "bytes"],
  ["Vary", "Cookie"],
  ["Set-Cookie", "inner=1"],
  ["Retry-After", "9"],
];

/** Answers with the status that the path names. */
const application: WSGIApplication = (environ, startResponse) => {
  startResponse(`${environ.PATH_INFO.slice(1, 4)} Whatever`, HEADERS);
  return [Buffer.from("inner")];
};

describe("a page of the application", () => {
  const client = (page: WSGIApplication = staticFiles({ root })(application)): TestClient =>
    new TestClient(errorDocuments({ documents: DOCUMENTS })(validator(page)), { raiseErrors: true });

  test.each<Record<string, string>>([
    { "If-None-Match": "*" },
    { "If-Modified-Since": new Date(Date.now() + 86_400_000).toUTCString() },
    { "If-Match": '"other"' },
    { "If-Unmodified-Since": "Fri, 02 Jan 1970 03:04:05 GMT" },
    { Range: "bytes=0-3" },
    { Range: "bytes=900-" },
  ])("comes whole, whatever the request says of its own resource: %j", async (headers) => {
    const response = await client().get("/404", { headers });
    expect([response.status, response.text(), response.errors]).toEqual([404, HTML, ""]);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  });

  test("has no validators, and nothing of the content that it replaces", async () => {
    const { headers } = await client().get("/404");
    for (const name of ["ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition", "Content-MD5", "Repr-Digest"])
      expect(headers.get(name), name).toBeNull();
    expect(headers.get("Retry-After")).toBe("9");
    expect(headers.get("Vary")?.split(", ")).toEqual(expect.arrayContaining(["Cookie", "Accept"]));
  });

  test("is asked for without what belongs to the request that failed", async () => {
    let seen: string[] = [];
    const page: WSGIApplication = async (environ, startResponse) => {
      if (environ.PATH_INFO !== "/pages/404.html") return application(environ, startResponse);
      const own = /^(?:CONTENT_|HTTP_(?:CONTENT_|IF_|TRANSFER_|RANGE|EXPECT|DIGEST|REPR_|X_KEPT))/;
      seen = Object.keys(environ).filter((key) => own.test(key));
      expect((await environ["wsgi.input"].read()).length).toBe(0);
      startResponse("200 OK", [
        ["Content-Type", "text/html"],
        ["Set-Cookie", "page=1"],
        ["Cache-Control", "public, max-age=3600"],
        ["Expires", "Fri, 02 Jan 2099 03:04:05 GMT"],
      ]);
      return [Buffer.from("page")];
    };
    const response = await client(page).post("/404", {
      body: "x",
      headers: {
        "Content-Type": "text/plain",
        "Content-Encoding": "gzip",
        "Content-MD5": "x",
        "Repr-Digest": "x",
        Expect: "100-continue",
        "If-Match": "*",
        Range: "bytes=0-",
        "X-Kept": "yes",
      },
    });
    expect([response.status, response.text(), seen]).toEqual([404, "page", ["HTTP_X_KEPT"]]);
    expect(response.headers.getAll("Set-Cookie")).toEqual(["page=1", "inner=1"]);
    // How long the page is fresh under its own address says nothing of the error.
    expect([response.headers.get("Cache-Control"), response.headers.get("Expires")]).toEqual([null, null]);
  });
});

test("the path of a page may have any letters, and question marks in its query", async () => {
  const page: WSGIApplication = (environ, startResponse) => {
    if (environ.PATH_INFO === "/404") return application(environ, startResponse);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from(`${decodeNative(environ.PATH_INFO)} ${environ.QUERY_STRING}`)];
  };
  const middleware = errorDocuments({ documents: { 404: { path: "/caf\u00e9?a=b?c" } } });
  expect((await new TestClient(middleware(validator(page))).get("/404")).text()).toBe("/caf\u00e9 a=b?c");
});

describe("JSON for clients that speak it", () => {
  const documents: ErrorDocumentsOptions["documents"] = {
    404: { html: "not found" },
    422: { html: "wrong" },
    "5xx": { html: "sorry", status: 503 },
  };
  const client = (inner: WSGIApplication = application, more: Partial<ErrorDocumentsOptions> = {}): TestClient =>
    new TestClient(errorDocuments({ documents, ...more })(inner), { raiseErrors: true });

  test.each<[accept: string | null, isJson: boolean]>([
    [null, false],
    ["*/*", false],
    ["text/html,application/xhtml+xml,*/*;q=0.8", false],
    ["application/json", true],
    ["application/problem+json", true],
    ["application/vnd.api+json", true],
    ["application/json, text/plain, */*", true],
    ["APPLICATION/JSON;charset=utf-8", true],
    ["text/html, application/json", false],
    ["text/html;q=0.5, application/json", true],
    ["application/json;q=0", false],
    ["application/json;q=0.1, text/html;q=0.1", false],
    ["application/json;q=x", false],
  ])("Accept: %s", async (accept, isJson) => {
    const headers = accept === null ? {} : { Accept: accept };
    const response = await client().get("/404", { headers });
    expect(response.status).toBe(404);
    const details = '{"type":"about:blank","title":"Not Found","status":404}\n';
    expect([response.headers.get("Content-Type"), response.text()]).toEqual(
      isJson ? ["application/problem+json", details] : ["text/html; charset=utf-8", "not found"],
    );
    expect(response.headers.get("Vary")).toBe("Cookie, Accept");
  });

  const JSON_ONLY = { Accept: "application/json" };

  test("holds for what is thrown, for other statuses in their place, and for HEAD", async () => {
    const throwing: WSGIApplication = () => Promise.reject(new Error("SELECT secret"));
    const response = await client(throwing).get("/", { headers: JSON_ONLY });
    expect([response.status, response.json()]).toEqual([
      503,
      { type: "about:blank", title: "Service Unavailable", status: 503 },
    ]);
    expect(response.text()).not.toContain("SELECT");
    expect((await client().head("/404", { headers: JSON_ONLY })).text()).toBe("");
  });

  test("leaves the JSON in which the application tells a client what is wrong", async () => {
    const inner =
      (status: string): WSGIApplication =>
      (_environ, startResponse) => {
        startResponse(status, [["Content-Type", "application/json; charset=utf-8"]]);
        return [Buffer.from('{"field":"name"}')];
      };
    const response = await client(inner("422 Unprocessable Content")).get("/", { headers: JSON_ONLY });
    expect([response.status, response.json()]).toEqual([422, { field: "name" }]);
    expect(response.headers.get("Vary")).toBe("Accept");
    // A browser gets the page, and nobody the details of a failure.
    expect((await client(inner("422 Unprocessable Content")).get("/")).text()).toBe("wrong");
    expect((await client(inner("500 Oops")).get("/", { headers: JSON_ONLY })).json()).toMatchObject({ status: 503 });
  });

  test("can be turned off", async () => {
    const response = await client(application, { json: false }).get("/404", { headers: JSON_ONLY });
    expect([response.text(), response.headers.get("Vary")]).toEqual(["not found", "Cookie"]);
    const page = join(root, "pages", "404.html");
    const middleware = filterFactory({}, { documents: `404 = ${page}`, json: "no" });
    expect((await new TestClient(middleware(application)).get("/404", { headers: JSON_ONLY })).text()).toBe(HTML);
  });
});

describe.each([
  ["errorDocuments", errorDocuments({ documents: { "5xx": { html: "sorry" } } })],
  ["showExceptions", showExceptions()],
])("%s covers up no breach of the contract in a test", (_, middleware) => {
  test.each<[what: string, application: WSGIApplication, code: string]>([
    [
      "in the head",
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return [];
      },
      "ERR_TSGI_CONTENT_TYPE_MISSING",
    ],
    [
      "in the input",
      async (environ, startResponse) => {
        await environ["wsgi.input"].read("1" as unknown as number);
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return [];
      },
      "ERR_TSGI_INPUT",
    ],
  ])("%s", async (_what, inner, code) => {
    const response = await new TestClient(middleware(inner)).get("/");
    expect(response.status).toBe(500);
    expect(String((response.error as { code?: string } | undefined)?.code)).toContain(code);
    // In production there is no validator, and the visitor gets the page.
    const visited = await new TestClient(
      middleware(() => Promise.reject(new Error("x"))),
      { validate: false },
    ).get("/");
    expect([visited.status, visited.error]).toEqual([500, undefined]);
  });
});
