// Tags of bodies, and the conditional requests that they make possible.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { compose } from "../wsgi/compose.ts";
import type { HeaderList, WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { conditionalGet } from "./conditional-get.ts";
import { etag, filterFactory } from "./etag.ts";

function page(body: () => WSGIBody, status = "200 OK", ...more: HeaderList): WSGIApplication {
  return validator((environ, startResponse) => {
    startResponse(status, [["Content-Type", "text/plain"], ...more]);
    return environ.REQUEST_METHOD === "HEAD" ? [] : body();
  });
}

async function tagOf(application: WSGIApplication, method = "GET"): Promise<string | null> {
  return (await new TestClient(application, { raiseErrors: true }).request(method, "/")).headers.get("ETag");
}

test("etag gives equal bodies equal tags, however they are cut", async () => {
  const one = await tagOf(etag()(page(() => [Buffer.from("hello")])));
  expect(one).toMatch(/^"[\w-]{27}"$/);
  expect(await tagOf(etag()(page(() => [Buffer.from("hel"), Buffer.from("lo")])))).toBe(one);
  expect(await tagOf(etag()(page(() => [Buffer.from("other")])))).not.toBe(one);
  expect(await tagOf(etag({ weak: true })(page(() => [Buffer.from("hello")])))).toBe(`W/${one ?? ""}`);
});

test.each<[what: string, application: WSGIApplication, method?: string]>([
  ["errors", page(() => [Buffer.from("x")], "404 Not Found")],
  ["what must not be stored", page(() => [Buffer.from("x")], "200 OK", ["Cache-Control", "no-store"])],
  ["POST", page(() => [Buffer.from("x")]), "POST"],
  ["bodies above the limit", page(() => [Buffer.alloc(11)])],
  ["bodies that come bit by bit", page(() => new Set([Buffer.from("x")]))],
])("etag leaves out %s", async (_, application, method) => {
  expect(await tagOf(etag({ maxBytes: 10 })(application), method)).toBeNull();
});

test("etag keeps the tag of the application", async () => {
  expect(await tagOf(etag()(page(() => [Buffer.from("x")], "200 OK", ["ETag", '"mine"'])))).toBe('"mine"');
});

test("etag inside of conditionalGet answers 304 from the second time on", async () => {
  const pipeline = compose(conditionalGet(), validator, filterFactory({}, { weak: "yes" }));
  const client = new TestClient(pipeline(page(() => [Buffer.from("hello")])), { raiseErrors: true });
  const first = await client.get("/");
  const second = await client.get("/", { headers: { "If-None-Match": first.headers.get("ETag") ?? "" } });
  expect([first.status, second.status, second.text()]).toEqual([200, 304, ""]);
  expect(second.headers.get("ETag")).toBe(first.headers.get("ETag"));
});
