// What an upstream is told of a request and of its client.
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, OK, proxyTo, scripted, urlOf } from "../../../test/guests/proxied.ts";
import { makeServer } from "../../server/make-server.ts";
import { TestClient } from "../../testing/test-client.ts";
import type { TestResponse } from "../../testing/test-response.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { UpstreamApplication } from "../upstream/upstream-application.ts";
import type { ProxyOptions } from "./proxy-application.ts";

describe("The upstream is told", () => {
  let server: Server;
  async function echo(): Promise<string> {
    server = createServer((request, response) => {
      const { method, url, rawHeaders } = request;
      request.resume();
      request.on("end", () => response.end(JSON.stringify({ method, url, rawHeaders })));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return urlOf(server.address() as AddressInfo);
  }

  const fieldsOf = (response: TestResponse): Record<string, string> => {
    const list = response.json<{ rawHeaders: string[] }>().rawHeaders;
    return Object.fromEntries(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? ""]] : [])));
  };

  test("nothing of the client's connection, and of the client what the gateway believes", async () => {
    const client = clientOf(proxyTo(await echo()));
    const response = await client.get("/", {
      headers: {
        // A client must not be able to take away what is said of it (CVE-2022-31813).
        Connection: "X-Own, X-Forwarded-For, X-Forwarded-Host, Host, Via, keep-alive",
        "X-Own": "1",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "6.6.6.6",
        Forwarded: "for=6.6.6.6",
        Proxy: "http://evil",
        TE: "trailers",
        Upgrade: "h2c",
        "HTTP2-Settings": "x",
        "Keep-Alive": "9",
        "Proxy-Authorization": "secret",
        Cookie: "a=b",
        Via: "1.0 fred",
        Accept: "*/*",
      },
    });
    expect(fieldsOf(response)).toEqual({
      Host: "localhost",
      Cookie: "a=b",
      Accept: "*/*",
      Via: "1.0 fred, 1.1 tsgi",
      "X-Forwarded-For": "127.0.0.1",
      "X-Forwarded-Proto": "http",
      "X-Forwarded-Host": "localhost",
    });
  });

  test.each<[options: Partial<ProxyOptions>, wanted: Record<string, string>]>([
    [{ forwarded: "none" }, {}],
    [{ forwarded: "forwarded" }, { Forwarded: 'for=127.0.0.1;proto=https;host="shop.test"' }],
    [{ host: "upstream", forwarded: "none" }, { Host: "127.0.0.1:PORT" }],
    [{ host: "other.test", forwarded: "none" }, { Host: "other.test" }],
  ])("%j", async (options, wanted) => {
    const url = await echo();
    const application = proxyTo(url, options);
    const client = new TestClient(application, { validate: false, baseUrl: "https://shop.test" });
    const { Via: _via, ...fields } = fieldsOf(await client.get("/"));
    const expected = { Host: "shop.test", ...wanted };
    expect(fields).toEqual({ ...expected, Host: expected.Host.replace("PORT", new URL(url).port) });
  });

  test.each([
    ["", "/app", "/x%2Fy;z?a=%20", "/app/x%2Fy;z?a=%20"],
    ["", "/app", "", "/app"],
    ["", "", "/", "/"],
    ["/", "/app", "/x", "/x"],
    ["/", "/app", "", "/"],
    ["/base", "/app", "/x?y", "/base/x?y"],
    ["/base/", "/app", "/x", "/base/x"],
    ["/base/", "/app", "", "/base/"],
  ])("with the path %j in its URL and the mount %j, %j becomes %j", async (base, mount, path, wanted) => {
    const guest = proxyTo((await echo()) + base);
    const mounted: WSGIApplication = (environ, startResponse) => {
      const rest = environ.PATH_INFO.slice(mount.length);
      return guest({ ...environ, SCRIPT_NAME: mount, PATH_INFO: rest }, startResponse);
    };
    const response = await clientOf(mounted).get(mount + path);
    expect(response.json<{ url: string }>().url).toBe(wanted);
    expect(fieldsOf(response)["X-Forwarded-Prefix"]).toBe(base === "" || mount === "" ? undefined : mount);
  });

  test.each(["/a/../b", "/..", "/a/%2e%2e/b", "/a%2F..%2Fb", "/a/..%5Cb"])(
    "nothing of %s, which leads upwards",
    async (path) => {
      const upstream = await scripted(({ say }) => say(OK));
      expect((await clientOf(proxyTo(urlOf(upstream))).get(path)).status).toBe(400);
      expect(upstream.connections).toEqual([]);
    },
  );

  test("nothing, when the request goes in circles", async () => {
    const loop: { application: UpstreamApplication | null } = { application: null };
    const entry = makeServer("127.0.0.1", 0, (environ, startResponse) =>
      (loop.application as UpstreamApplication)(environ, startResponse),
    );
    await entry.listen();
    onTestFinished(() => entry.close(0));
    loop.application = proxyTo(entry.url);
    const response = await new TestClient(entry.url).get("/");
    expect(response.status).toBe(508);
    expect(loop.application.stats().requests).toBe(8);
  });

  test("nothing that a middleware has made up", async () => {
    const upstream = await scripted(({ say }) => say(OK));
    const guest = proxyTo(urlOf(upstream));
    const spoilt = (key: string, value: string): TestClient =>
      clientOf((environ, startResponse) => guest(Object.assign(environ, { [key]: value }), startResponse));
    expect((await spoilt("HTTP_X", "a\r\nEvil: b").get("/")).status).toBe(500);
    expect((await spoilt("HTTP_X Y", "a").get("/")).status).toBe(500);
    expect((await spoilt("CONTENT_TYPE", "a\nb").get("/")).status).toBe(500);
    expect((await spoilt("HTTP_HOST", "a\0").get("/")).status).toBe(500);
    expect(upstream.connections).toEqual([]);
  });
});
