import { expect, test } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import { jsgiApplication } from "./index.ts";

test("jsgiApplication: bodies of strings, bytes and byte strings, repeated headers, and a promise of the answer", async () => {
  const client = new TestClient(
    jsgiApplication(async () => ({
      status: 201,
      headers: { "Content-Type": "text/plain", "Set-Cookie": ["a=1", "b=2"] },
      body: ["one ", Buffer.from("two "), { toByteString: () => Buffer.from("three") }],
    })),
  );
  const response = await client.get("/");
  expect([response.status, response.text()]).toEqual([201, "one two three"]);
  expect(response.headers.getAll("Set-Cookie")).toEqual(["a=1", "b=2"]);
});
