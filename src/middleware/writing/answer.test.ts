import { expect, it } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import { answering, escapeHtml, statusLine } from "./answer.ts";

it.each([
  [{ status: 404 }, "Not Found\n", "text/plain; charset=utf-8"],
  [{ status: 403, text: "Höchst verboten" }, "Höchst verboten\n", "text/plain; charset=utf-8"],
  [{ status: 503, html: "<p>Later</p>" }, "<p>Later</p>", "text/html; charset=utf-8"],
])("answering gives %j as one chunk", async (answer, body, type) => {
  const response = await new TestClient(answering(answer)).get("/");
  expect([response.status, response.text(), response.headers.get("Content-Type")]).toEqual([answer.status, body, type]);
  expect(response.headers.get("Content-Length")).toBe(String(response.bytes().length));
});

it("answering gives HEAD the head of GET", async () => {
  const response = await new TestClient(answering({ status: 404, headers: [["X-Why", "gone"]] })).head("/");
  expect(response.text()).toBe("");
  expect(response.headers.list).toEqual([
    ["X-Why", "gone"],
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", "10"],
  ]);
});

it("answering gives 204 neither type nor length", async () => {
  const response = await new TestClient(answering({ status: 204 })).get("/");
  expect([response.status, response.headers.list]).toEqual([204, []]);
});

it("statusLine knows statuses", () => {
  expect([statusLine(429), statusLine(599)]).toEqual(["429 Too Many Requests", "599 Unknown"]);
});

it("escapeHtml disarms markup and quotes", () => {
  expect(escapeHtml(`<a href="x" id='y'>&`)).toBe("&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
});
