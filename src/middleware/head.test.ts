// HEAD for applications that know only GET, and Content-Length.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, head } from "./head.ts";

test("head asks with GET, drops the body unread, and keeps the headers", async () => {
  const seen: string[] = [];
  const application = validator((environ, startResponse) => {
    seen.push(environ.REQUEST_METHOD);
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Content-Length", "5"],
    ]);
    return {
      *[Symbol.iterator]() {
        seen.push("read");
        yield Buffer.from("hello");
      },
      close: () => void seen.push("closed"),
    };
  });
  const response = await new TestClient(head()(application), { raiseErrors: true }).head("/");
  expect([response.status, response.headers.get("Content-Length"), response.bytes().length]).toEqual([200, "5", 0]);
  expect(seen).toEqual(["GET", "closed"]);
});

test("head leaves other methods alone, and drops what write() sends", async () => {
  const writing: WSGIApplication = validator((_environ, startResponse) => {
    void startResponse("200 OK", [["Content-Type", "text/plain"]])(Buffer.from("written"));
    return [];
  });
  const client = new TestClient(filterFactory({}, {})(writing), { raiseErrors: true });
  expect((await client.get("/")).text()).toBe("written");
  expect((await client.head("/")).text()).toBe("");
});
