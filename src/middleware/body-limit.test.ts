import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { Bytes, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { bodyLimit, filterFactory } from "./body-limit.ts";

const count: WSGIApplication = validator(async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(String(body.length))];
});

async function* chunks(total: number): AsyncGenerator<Bytes> {
  for (let sent = 0; sent < total; sent++) yield Buffer.from("x");
}

it.each([
  [0, 200],
  [9, 200],
  [10, 200],
  [11, 413],
  [1000, 413],
])("bodyLimit of 10 answers %i bytes with %i, whether their number is announced or not", async (size, status) => {
  const client = new TestClient(bodyLimit({ maxBytes: 10 })(count));
  const announced = await client.post("/", { body: "x".repeat(size) });
  const streamed = await client.post("/", { body: chunks(size) });
  expect([announced.status, streamed.status]).toEqual([status, status]);
  expect(streamed.text()).toBe(status === 200 ? String(size) : "The request body is longer than 10 bytes\n");
});

it("bodyLimit leaves an application alone that does not read", async () => {
  const lazy = validator((_, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from("unread")];
  });
  const response = await new TestClient(bodyLimit({ maxBytes: 1 })(lazy)).post("/", { body: chunks(50) });
  expect(response.text()).toBe("unread");
});

it("bodyLimit breaks off an answer that was begun before the body grew too large", async () => {
  const early: WSGIApplication = async (environ, startResponse) => {
    const write = startResponse("200 OK", [["Content-Type", "text/plain"]]);
    await write(Buffer.from("begun"));
    await environ["wsgi.input"].read();
    return [];
  };
  const response = await new TestClient(bodyLimit({ maxBytes: 10 })(validator(early))).post("/", { body: chunks(20) });
  expect([response.status, response.isComplete]).toEqual([200, false]);
});

it("filterFactory reads sizes with units", async () => {
  const client = new TestClient(filterFactory({}, { max_bytes: "1k" })(count));
  expect((await client.post("/", { body: "x".repeat(1024) })).status).toBe(200);
  expect((await client.post("/", { body: "x".repeat(1025) })).status).toBe(413);
});

it.each([[{}], [{ max_bytes: "-1" }], [{ max_byte: "1" }]])("filterFactory refuses %j", (conf) => {
  expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/max/);
});
