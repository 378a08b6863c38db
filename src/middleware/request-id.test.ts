// Names for requests.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, requestId } from "./request-id.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

const echo = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from([environ["tsgi.request_id"], environ["HTTP_X_REQUEST_ID"]].join(" "))];
});

test("requestId names each request anew, for the application and the client", async () => {
  const client = new TestClient(requestId()(echo), { raiseErrors: true });
  const [a, b] = [await client.get("/"), await client.get("/")];
  const id = a.headers.get("X-Request-Id") ?? "";
  expect(id).toMatch(UUID);
  expect(a.text()).toBe(`${id} ${id}`);
  expect(b.headers.get("X-Request-Id")).not.toBe(id);
});

test.each<[received: string, isKept: boolean]>([
  ["abc-123", true],
  ["Root=1-67891233-abcdef012345678912345678", true],
  ["a".repeat(129), false],
  ["", false],
  ["a b", false],
  ['"quoted"', false],
])("requestId given %j keeps it: %j", async (received, isKept) => {
  const response = await new TestClient(requestId({ acceptIncoming: true })(echo)).get("/", {
    headers: { "X-Request-Id": received },
  });
  expect(response.headers.get("X-Request-Id") === received).toBe(isKept);
});

test("requestId takes the name that the server has given", async () => {
  const server: WSGIApplication = (environ, startResponse) => {
    environ["tsgi.request_id"] = "from-the-server";
    return requestId()(echo)(environ, startResponse);
  };
  const response = await new TestClient(server).get("/", { headers: { "X-Request-Id": "from-the-client" } });
  expect([response.headers.get("X-Request-Id"), response.text()]).toEqual([
    "from-the-server",
    "from-the-server from-the-server",
  ]);
});

test("filterFactory reads header and trust", async () => {
  const application = filterFactory({}, { header: "X-Trace", accept_incoming: "yes" })(echo);
  const response = await new TestClient(application).get("/", { headers: { "X-Trace": "mine" } });
  expect(response.headers.get("X-Trace")).toBe("mine");
  expect(() => filterFactory({}, { header: "X Trace" })).toThrow("must be a token");
});
