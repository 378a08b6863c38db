// What a server of the uwsgi protocol is sent, and what it must not say.
import { afterEach, describe, expect, test } from "vitest";
import { ScriptedUpstream, type UpstreamScript } from "../../../test/guests/scripted-upstream.ts";
import { UwsgiHeadDecoder } from "../../protocols/uwsgi/uwsgi-head.ts";
import { TestClient } from "../../testing/test-client.ts";
import { uwsgiApplication, type UwsgiOptions } from "./uwsgi-application.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function talking(
  script: UpstreamScript,
  options: Partial<UwsgiOptions> = {},
): Promise<{ upstream: ScriptedUpstream; client: TestClient }> {
  const upstream = await ScriptedUpstream.listen(script);
  const application = uwsgiApplication({ ...options, upstream: `127.0.0.1:${upstream.port}` });
  cleanups.push(
    () => application.close(),
    () => upstream.close(),
  );
  return { upstream, client: new TestClient(application, { validate: false }) };
}

const saying =
  (text: string): UpstreamScript =>
  async ({ saw, say, end }) => {
    await saw("SERVER_PORT");
    say(text);
    end();
  };

test("uwsgiApplication sends a packet and the body, on a connection for each request", async () => {
  const { client, upstream } = await talking(saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  for (let turn = 0; turn < 2; turn += 1) expect((await client.post("/a b", { body: "body" })).text()).toBe("ok");
  expect(upstream.connections).toHaveLength(2);
  const head = new UwsgiHeadDecoder().push(Buffer.from(upstream.connections[0]?.text ?? "", "latin1"));
  expect(head?.rest.toString()).toBe("body");
  expect(Object.fromEntries(head?.variables ?? [])).toMatchObject({ CONTENT_LENGTH: "4", PATH_INFO: "/a b" });
});

test("uwsgiApplication asks another plugin when told to", async () => {
  const { client, upstream } = await talking(saying("HTTP/1.1 200 OK\r\n\r\nok"), { modifier1: 14 });
  expect((await client.get("/")).text()).toBe("ok");
  expect(upstream.connections[0]?.text.charCodeAt(0)).toBe(14);
});

describe("What a uwsgi server must not say is a 502, or breaks off", () => {
  test.each([
    ["nothing", "", /closed the connection before its answer; check its log, and its "buffer-size"/],
    ["a head of CGI", "Status: 200 OK\r\n\r\nok", /Expected a status line/],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
      /Content-Length stands more than once/,
    ],
    [
      "length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      /both Content-Length/,
    ],
    ["too little", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", /before the last 6 bytes/],
  ])("%s", async (_what, text, message) => {
    const { client } = await talking(saying(text));
    const response = await client.get("/");
    // What has begun cannot become a 502 any more, and breaks off.
    expect(response.status === 502 || !response.isComplete).toBe(true);
    expect(response.errors).toMatch(message);
  });

  test("more variables than a packet holds are 431", async () => {
    const { client, upstream } = await talking(saying(""));
    const headers = { A: "x".repeat(40_000), B: "y".repeat(40_000) };
    expect((await client.get("/", { headers })).status).toBe(431);
    expect(upstream.connections).toEqual([]);
  });
});
