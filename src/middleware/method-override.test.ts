// When a POST becomes something else.
import { describe, expect, test } from "vitest";
import { type TestRequestOptions, TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, methodOverride, ORIGINAL_METHOD } from "./method-override.ts";

const echo = validator(async (environ, startResponse) => {
  const body = Buffer.from(await environ["wsgi.input"].read()).toString();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const text = [environ.REQUEST_METHOD, JSON.stringify(environ[ORIGINAL_METHOD] ?? "").slice(1, -1) || "-", body].join(
    " ",
  );
  return environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from(text)];
});

const OVERRIDE = "X-HTTP-Method-Override";

describe("methodOverride", () => {
  test.each<[method: string, options: TestRequestOptions, seen: string]>([
    ["POST", {}, "POST - "],
    ["POST", { headers: { [OVERRIDE]: "DELETE" } }, "DELETE POST "],
    ["POST", { headers: { [OVERRIDE]: " put " } }, "PUT POST "],
    ["POST", { headers: { [OVERRIDE]: "GET" } }, "POST - "],
    ["POST", { headers: { [OVERRIDE]: "TRACE" } }, "POST - "],
    ["POST", { headers: { [OVERRIDE]: "PURGE" } }, "POST - "],
    ["PUT", { headers: { [OVERRIDE]: "DELETE" } }, "PUT - "],
    ["GET", { headers: { [OVERRIDE]: "DELETE" } }, "GET - "],
    ["POST", { form: { _method: "delete", a: "1" } }, "DELETE POST _method=delete&a=1"],
    ["POST", { form: { a: "1" } }, "POST - a=1"],
    ["POST", { form: { _method: "CONNECT" } }, "POST - _method=CONNECT"],
    ["POST", { form: { _method: "DELETE" }, headers: { [OVERRIDE]: "PATCH" } }, "PATCH POST _method=DELETE"],
    ["POST", { query: { _method: "DELETE" } }, "POST - "],
    ["POST", { json: { _method: "DELETE" } }, 'POST - {"_method":"DELETE"}'],
    ["POST", { form: { _method: "DELETE", fill: "x".repeat(50) } }, `POST - _method=DELETE&fill=${"x".repeat(50)}`],
  ])("turns %s with %j into %j", async (method, options, seen) => {
    const client = new TestClient(methodOverride({ maxFormBytes: 50 })(echo), { raiseErrors: true });
    expect((await client.request(method, "/", options)).text()).toBe(seen);
  });

  test.each<[what: string, before: string, seen: string]>([
    ["first", "", "PUT"],
    ["behind a file that is too long", "x".repeat(3000), "POST"],
  ])("finds the field of a form with files when it is %s", async (_what, before, seen) => {
    const head = "--b\r\nContent-Disposition: form-data; name=";
    const file = before === "" ? "" : `${head}"f"; filename="f"\r\n\r\n${before}\r\n`;
    const body = `${file}${head}"_method"\r\n\r\nput\r\n${head}"g"; filename="g"\r\n\r\n${"y".repeat(3000)}\r\n--b--\r\n`;
    const client = new TestClient(methodOverride({ maxFormBytes: 2000 })(echo), { raiseErrors: true });
    const response = await client.post("/", { body, headers: { "Content-Type": "multipart/form-data; boundary=b" } });
    expect(response.text()).toBe(`${seen} ${seen === "PUT" ? "POST" : "-"} ${body}`);
  });

  test("looks only where it is told", async () => {
    const client = new TestClient(filterFactory({}, { header: "", field: "", methods: "PUT" })(echo), {
      raiseErrors: true,
    });
    const response = await client.post("/", { headers: { [OVERRIDE]: "PUT" }, form: { _method: "PUT" } });
    expect(response.text()).toBe("POST - _method=PUT");
  });

  test.each(["GET", "CONNECT", "NOT A METHOD"])("refuses to allow %j", (method) => {
    expect(() => methodOverride({ methods: [method] })).toThrow('Option "methods"');
  });
});
