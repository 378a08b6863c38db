import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { urlMap } from "./url-map.ts";
import { filterFactory, PROXY_FIX_ORIGINAL, proxyFix, type ProxyFixOptions } from "./proxy-fix.ts";

const KEYS = ["REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME"];
const tell = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  const told = Object.fromEntries([...KEYS, PROXY_FIX_ORIGINAL].map((key) => [key, environ[key]]));
  return [Buffer.from(JSON.stringify(told))];
});

// The first cases are those of Werkzeug's own table.
it.each<[ProxyFixOptions, Record<string, string>, Record<string, string>]>([
  [
    {},
    { "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https" },
    { REMOTE_ADDR: "1.2.3.4", "wsgi.url_scheme": "https" },
  ],
  [{ xFor: 0 }, { "X-Forwarded-For": "1.2.3.4" }, { REMOTE_ADDR: "127.0.0.1" }],
  [{ xFor: 2 }, { "X-Forwarded-For": "6.6.6.6, 1.2.3.4, 192.168.1.1" }, { REMOTE_ADDR: "1.2.3.4" }],
  [{ xFor: 2 }, { "X-Forwarded-For": "1.2.3.4" }, { REMOTE_ADDR: "127.0.0.1" }],
  [{}, { "X-Forwarded-For": "6.6.6.6, 1.2.3.4" }, { REMOTE_ADDR: "1.2.3.4" }],
  [
    { xHost: 1 },
    { "X-Forwarded-Host": "example.com" },
    { HTTP_HOST: "example.com", SERVER_NAME: "example.com", SERVER_PORT: "80" },
  ],
  [
    { xHost: 1 },
    { "X-Forwarded-Host": "example.com:8080" },
    { HTTP_HOST: "example.com:8080", SERVER_NAME: "example.com", SERVER_PORT: "8080" },
  ],
  [{ xHost: 1 }, { "X-Forwarded-Host": "evil.example, example.com" }, { HTTP_HOST: "example.com" }],
  [{ xPort: 1 }, { "X-Forwarded-Port": "8080" }, { HTTP_HOST: "localhost:8080", SERVER_PORT: "8080" }],
  [
    { xHost: 1, xPort: 1 },
    { "X-Forwarded-Host": "[2001:db8::1]", "X-Forwarded-Port": "8080" },
    { HTTP_HOST: "[2001:db8::1]:8080", SERVER_PORT: "8080" },
  ],
  [{ xPrefix: 1 }, { "X-Forwarded-Prefix": "/app/" }, { SCRIPT_NAME: "/app" }],
  [{}, { "X-Forwarded-For": "[2001:db8::1]:4711" }, { REMOTE_ADDR: "2001:db8::1" }],
  [{}, { "X-Forwarded-For": "2001:db8::1" }, { REMOTE_ADDR: "2001:db8::1" }],
  [{}, { "X-Forwarded-For": "1.2.3.4:4711" }, { REMOTE_ADDR: "1.2.3.4" }],
  [{}, { "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/x" }, { HTTP_HOST: "localhost", SCRIPT_NAME: "" }],
])("proxyFix with %j and %j tells %j", async (options, headers, told) => {
  expect((await new TestClient(proxyFix(options)(tell)).get("/", { headers })).json()).toMatchObject(told);
});

it("proxyFix keeps what stood there before", async () => {
  const response = await new TestClient(proxyFix()(tell)).get("/", { headers: { "X-Forwarded-For": "1.2.3.4" } });
  const { [PROXY_FIX_ORIGINAL]: original } = response.json<Record<string, Record<string, string>>>();
  expect(original).toMatchObject({ REMOTE_ADDR: "127.0.0.1", "wsgi.url_scheme": "http", HTTP_HOST: "localhost" });
});

it.each([
  ["X-Forwarded-For", "unknown"],
  ["X-Forwarded-For", "1.2.3.4.5"],
  ["X-Forwarded-Proto", "javascript"],
  ["X-Forwarded-Host", "a@b"],
  ["X-Forwarded-Host", "a/b"],
  ["X-Forwarded-Port", "0"],
  ["X-Forwarded-Port", "70000"],
  ["X-Forwarded-Prefix", "//evil.example"],
  ["X-Forwarded-Prefix", "app"],
  ["X-Forwarded-Prefix", String.raw`/\evil.example`],
  ["X-Forwarded-Prefix", "/%5Cevil.example"],
  ["X-Forwarded-Proto", "constructor"],
])("proxyFix ignores %s: %s, and says so once", async (name, value) => {
  const client = new TestClient(proxyFix({ xHost: 1, xPort: 1, xPrefix: 1 })(tell));
  const plain = (await client.get("/")).json();
  const responses = [
    await client.get("/", { headers: { [name]: value } }),
    await client.get("/", { headers: { [name]: value } }),
  ];
  expect(responses.map((response) => response.json())).toEqual([plain, plain]);
  expect(responses.map(({ errors }) => errors)).toEqual([expect.stringContaining(`Ignored the header ${name}`), ""]);
});

it("proxyFix reads a prefix as the server does, and puts it before that of a mount", async () => {
  const mounted = urlMap([{ path: "/inner", application: proxyFix({ xPrefix: 1 })(tell) }]);
  const headers = { "X-Forwarded-Prefix": "/caf%C3%A9/" };
  expect((await new TestClient(mounted).get("/inner/x", { headers })).json()).toMatchObject({
    SCRIPT_NAME: "/caf\u00c3\u00a9/inner",
  });
});

it("filterFactory reads counts", async () => {
  const client = new TestClient(filterFactory({}, { x_for: "2", x_host: "1" })(tell));
  const headers = { "X-Forwarded-For": "1.1.1.1, 2.2.2.2", "X-Forwarded-Host": "a.example" };
  expect((await client.get("/", { headers })).json()).toMatchObject({ REMOTE_ADDR: "1.1.1.1", HTTP_HOST: "a.example" });
  expect(() => filterFactory({}, { x_for: "-1" })).toThrow('Option "x_for" is -1; expected 0 or more');
});
