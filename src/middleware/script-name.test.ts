import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { requestUri } from "../wsgi/url.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, scriptName } from "./script-name.ts";

const tell = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from([environ.SCRIPT_NAME, environ.PATH_INFO, requestUri(environ)].join(" "))];
});

it.each([
  ["/app/users", "/app /users http://localhost/app/users"],
  ["/app", "/app  http://localhost/app"],
  ["/users", "/app /users http://localhost/app/users"],
  ["/apple", "/app /apple http://localhost/app/apple"],
])("scriptName mounts %s", async (path, told) => {
  expect((await new TestClient(scriptName({ prefix: "/app/" })(tell)).get(path)).text()).toBe(told);
});

it("scriptName can insist on the prefix", async () => {
  const client = new TestClient(scriptName({ prefix: "/app", required: true })(tell));
  expect([(await client.get("/users")).status, (await client.get("/app/users")).status]).toEqual([404, 200]);
});

it("filterFactory reads prefix and scheme", async () => {
  const application = filterFactory({}, { prefix: "/app", scheme: "https" })(tell);
  expect((await new TestClient(application).get("/x")).text()).toBe("/app /x https://localhost/app/x");
});

it.each([{}, { prefix: "/" }, { prefix: "app" }, { prefix: "//x" }, { prefix: "/a", scheme: "ftp" }])(
  "filterFactory refuses %j",
  (conf) => {
    expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
  },
);
