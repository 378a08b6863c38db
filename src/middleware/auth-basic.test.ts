import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { authBasic, filterFactory } from "./auth-basic.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-basic-"));
afterAll(() => rmSync(directory, { recursive: true }));

const tell = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(`${String(environ["REMOTE_USER"])} by ${String(environ["AUTH_TYPE"])}`, "latin1")];
});
const client = new TestClient(authBasic({ users: { ada: "secret", ädä: "pässwörd:with colon" } })(tell));

it("authBasic asks who it is", async () => {
  const response = await client.get("/");
  expect([response.status, response.headers.get("WWW-Authenticate")]).toEqual([
    401,
    'Basic realm="Restricted", charset="UTF-8"',
  ]);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
});

it.each([
  ["ada", "secret"],
  ["ädä", "pässwörd:with colon"],
])("authBasic lets %s in", async (user, password) => {
  const response = await client.get("/", { auth: { user, password } });
  expect([response.status, response.text()]).toEqual([200, `${user} by Basic`]);
});

it.each([
  ["ada", "Secret"],
  ["ada", ""],
  ["", ""],
  ["bob", "secret"],
  ["__proto__", "secret"],
])("authBasic keeps %j with %j out", async (user, password) => {
  expect((await client.get("/", { auth: { user, password } })).status).toBe(401);
});

it.each(["Basic", "Basic %%%", "Basic YWRh", `Basic ${Buffer.from("ada:sec\0ret").toString("base64")}`, "Bearer x"])(
  "authBasic keeps Authorization %j out",
  async (field) => {
    expect((await client.get("/", { headers: { Authorization: field } })).status).toBe(401);
  },
);

it("authBasic waits for users that are looked up elsewhere", async () => {
  const users = async (user: string, password: string): Promise<boolean> => {
    await new Promise(setImmediate);
    return user === password;
  };
  const slow = new TestClient(authBasic({ users, realm: 'The "inner" ring' })(tell));
  expect((await slow.get("/", { auth: { user: "eve", password: "eve" } })).text()).toBe("eve by Basic");
  const refused = await slow.get("/", { auth: { user: "eve", password: "bob" } });
  expect(refused.headers.get("WWW-Authenticate")).toContain(String.raw`realm="The \"inner\" ring"`);
});

it("filterFactory reads users and files of htpasswd", async () => {
  const htpasswd = join(directory, "users");
  writeFileSync(htpasswd, "ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
  const auth = { user: "ada", password: "password" };
  const fromFile = new TestClient(filterFactory({}, { htpasswd })(tell));
  const fromLines = new TestClient(filterFactory({}, { users: "ada = password\nbob = x" })(tell));
  expect((await fromFile.get("/", { auth })).status).toBe(200);
  expect((await fromLines.get("/", { auth })).status).toBe(200);
});

it.each([{}, { users: "a = b", htpasswd: "/x" }, { users: "a = b", realm: "ä" }])(
  "filterFactory refuses %j",
  (conf) => {
    expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
  },
);
