// The conformance list through our guests to our own gateways, by each protocol that a web server speaks to applications, and to node:http.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toNodeHandler } from "../../src/gateways/node/node-handler.ts";
import { fastcgiApplication } from "../../src/guests/fastcgi/fastcgi-application.ts";
import { proxyApplication } from "../../src/guests/proxy/proxy-application.ts";
import { scgiApplication } from "../../src/guests/scgi/scgi-application.ts";
import { uwsgiApplication } from "../../src/guests/uwsgi/uwsgi-application.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import { PROTOCOLS, Served } from "../gateways/served.ts";

const GUESTS = { fastcgi: fastcgiApplication, scgi: scgiApplication, uwsgi: uwsgiApplication };

const ECHOED = ["A body may be echoed while it is read"];
const BREAKING = [
  "A generator that throws after its first chunk breaks the answer off",
  "An async generator that throws after its first chunk breaks the answer off",
  "excInfo after the first chunk is thrown again, which breaks the answer off",
  "A streamed body shorter than its Content-Length breaks the answer off",
  "close() is called once when the body throws later",
];

describe("by HTTP to node:http", () => {
  const leftOut = runConformance(test, {
    async serve(application) {
      const errors = new StringErrorStream();
      const backend = createServer(toNodeHandler(application, { errors }));
      backend.listen(0, "127.0.0.1");
      await once(backend, "listening");
      const { port } = backend.address() as AddressInfo;
      const guest = proxyApplication({ upstream: `http://127.0.0.1:${port}` });
      const server = makeServer("127.0.0.1", 0, guest, { errors });
      await server.listen();
      const close = async (): Promise<void> => {
        await server.close(0);
        await guest.close();
        backend.close();
      };
      return { client: new TestClient(server.url), close };
    },
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});

let served: Served;
beforeAll(async () => {
  served = await Served.open();
});
afterAll(() => served.close());

describe.each(PROTOCOLS)("by %s", (protocol) => {
  const leftOut = runConformance(test, {
    // A body is received whole before the application hears of its request. Early hints have no place in these protocols. What ends with its
    // connection looks complete in SCGI and uwsgi.
    lacks: ["early-answer", "early-hints", ...(protocol === "fastcgi" ? [] : (["break-off"] as const))],
    async serve(application) {
      served.application = application;
      const guest = GUESTS[protocol]({ upstream: `unix:${served.path(protocol)}` });
      const server = makeServer("127.0.0.1", 0, guest, { errors: new StringErrorStream() });
      await server.listen();
      const close = async (): Promise<void> => {
        await server.close(0);
        await guest.close();
      };
      return { client: new TestClient(server.url), close };
    },
  });
  test("what it cannot carry is known", () => {
    const breaking = protocol === "fastcgi" ? [] : BREAKING;
    expect(leftOut).toEqual([...ECHOED, ...breaking, "Early hints reach the client before the response"]);
  });
});
