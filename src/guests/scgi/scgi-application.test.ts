// What an SCGI server is sent, and what it must not say.
import { afterEach, describe, expect, test } from "vitest";
import { ScriptedUpstream, type UpstreamScript } from "../../../test/guests/scripted-upstream.ts";
import { ScgiHeadDecoder } from "../../protocols/scgi/scgi-head.ts";
import { TestClient } from "../../testing/test-client.ts";
import { scgiApplication, type ScgiOptions } from "./scgi-application.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function talking(
  script: UpstreamScript,
  options: Partial<ScgiOptions> = {},
): Promise<{ upstream: ScriptedUpstream; client: TestClient }> {
  const upstream = await ScriptedUpstream.listen(script);
  const application = scgiApplication({ ...options, upstream: `127.0.0.1:${upstream.port}` });
  cleanups.push(
    () => application.close(),
    () => upstream.close(),
  );
  return { upstream, client: new TestClient(application, { validate: false }) };
}

const saying =
  (text: string): UpstreamScript =>
  async ({ saw, say, end }) => {
    await saw(",");
    say(text);
    end();
  };

test("scgiApplication sends a head and the body, on a connection for each request", async () => {
  const { client, upstream } = await talking(saying("Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nok"), {
    variables: { SCRIPT_NAME: "/fixed", EXTRA: "ü" },
    authorization: false,
  });
  for (let turn = 0; turn < 2; turn += 1) {
    const response = await client.post("/a b?c", { body: "body", headers: { Authorization: "secret" } });
    expect([response.status, response.reason, response.text()]).toEqual([201, "Made", "ok"]);
  }
  expect(upstream.connections).toHaveLength(2);
  const head = new ScgiHeadDecoder().push(Buffer.from(upstream.connections[0]?.text ?? "", "latin1"));
  expect(head?.rest.toString()).toBe("body");
  const variables = Object.fromEntries(head?.variables ?? []);
  expect(variables).toMatchObject({
    CONTENT_LENGTH: "4",
    SCGI: "1",
    SCRIPT_NAME: "/fixed",
    EXTRA: "\u00c3\u00bc",
    QUERY_STRING: "c",
  });
  expect(JSON.stringify(variables)).not.toContain("secret");
});

describe("What an SCGI server must not say is a 502", () => {
  test.each([
    ["nothing", "", "The answer is empty"],
    ["an end in its head", "Content-Type: a\r\n", "ends within its head"],
    ["two lengths", "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "Content-Length twice"],
    ["chunks", "Content-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"],
    ["an interim answer", "Status: 103 Early Hints\r\n\r\n", "from 200 to 599"],
  ])("%s", async (_what, text, message) => {
    const { client } = await talking(saying(text));
    const response = await client.get("/");
    expect([response.status, response.errors]).toEqual([502, expect.stringContaining(message)]);
  });

  test("too little does not look complete", async () => {
    const { client } = await talking(saying("Content-Type: a\r\nContent-Length: 9\r\n\r\nabc"));
    const response = await client.get("/");
    expect(response.status === 502 || !response.isComplete).toBe(true);
    expect(response.errors).toContain("9 announced, 3 given");
  });

  test("a surplus is cut off, and a path of CGI's local redirects goes to the client", async () => {
    const surplus = await talking(saying("Content-Type: a\r\nContent-Length: 2\r\n\r\nabc"));
    const response = await surplus.client.get("/");
    expect([response.text(), response.errors]).toEqual(["ab", expect.stringContaining("the surplus was cut off")]);
    const redirect = await (await talking(saying("Location: /there\r\n\r\n"))).client.get("/");
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([302, "/there"]);
  });

  test("answers without a body have none, whatever follows their head", async () => {
    const { client } = await talking(saying("Status: 304\r\nContent-Length: 9\r\n\r\nevil"));
    expect((await client.get("/")).bytes().length).toBe(0);
  });
});
