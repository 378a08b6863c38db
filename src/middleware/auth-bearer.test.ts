import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { authBearer, filterFactory } from "./auth-bearer.ts";

const TOKEN = "0123456789abcdefghij";
const tell = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(`${String(environ["REMOTE_USER"])} by ${String(environ["AUTH_TYPE"])}`)];
});
const ask = (field: string | null, middleware = authBearer({ tokens: { backup: TOKEN } })) =>
  new TestClient(middleware(tell)).get("/", { headers: field === null ? {} : { Authorization: field } });

it.each([
  [null, 401, 'Bearer realm="Restricted"'],
  ["Basic eDp5", 401, 'Bearer realm="Restricted"'],
  [`Bearer ${TOKEN}x`, 401, 'Bearer realm="Restricted", error="invalid_token"'],
  ["Bearer a b", 400, 'Bearer realm="Restricted", error="invalid_request"'],
  [`Bearer ${TOKEN}`, 200, null],
  [`bearer ${TOKEN}`, 200, null],
])("authBearer answers Authorization %j with %i", async (field, status, challenge) => {
  const response = await ask(field);
  expect([response.status, response.headers.get("WWW-Authenticate")]).toEqual([status, challenge]);
});

it("authBearer tells the owner, also one that a service knows", async () => {
  expect((await ask(`Bearer ${TOKEN}`)).text()).toBe("backup by Bearer");
  const tokens = (token: string) => Promise.resolve(token.startsWith("good") ? "service" : null);
  expect((await ask("Bearer good.token", authBearer({ tokens }))).text()).toBe("service by Bearer");
  expect((await ask("Bearer bad.token", authBearer({ tokens }))).status).toBe(401);
});

it("filterFactory reads tokens", async () => {
  expect((await ask(`Bearer ${TOKEN}`, filterFactory({}, { tokens: `cron = ${TOKEN}` }))).text()).toBe(
    "cron by Bearer",
  );
});

it.each([{}, { tokens: "cron = short" }, { tokens: "cron = has blanks in its middle" }])(
  "filterFactory refuses %j",
  (conf) => {
    expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
  },
);
