// A client learns of an answer before there is any of its body, wherever the application says so: an EventSource waits for that.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { fastcgiGateway } from "../../src/gateways/fastcgi/fastcgi-gateway.ts";
import { toFetchHandler } from "../../src/gateways/fetch/fetch-handler.ts";
import { toNodeHandler } from "../../src/gateways/node/node-handler.ts";
import { scgiGateway } from "../../src/gateways/scgi/scgi-gateway.ts";
import { fastcgiApplication } from "../../src/guests/fastcgi/fastcgi-application.ts";
import { fetchApplication } from "../../src/guests/fetch/fetch-application.ts";
import { nodeApplication } from "../../src/guests/node/node-application.ts";
import { proxyApplication } from "../../src/guests/proxy/proxy-application.ts";
import { scgiApplication } from "../../src/guests/scgi/scgi-application.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { ServedFront } from "./served-front.ts";

let release: () => void = () => {};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  release();
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Resolves when the test has seen the head. */
function released(): Promise<void> {
  return new Promise((resolve) => {
    release = resolve;
  });
}

const application: WSGIApplication = (_environ, startResponse) => {
  const write = startResponse("201 Created", [["Content-Type", "text/event-stream"]]);
  void write(new Uint8Array(0));
  const wait = released();
  return (async function* body() {
    await wait;
    yield Buffer.from("one ");
    yield Buffer.from("two");
  })();
};

const listener = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(201, { "Content-Type": "text/event-stream" }).flushHeaders();
  void released().then(() => {
    response.write("one ");
    response.end("two");
  });
};

const handler = (): Response =>
  new Response(
    new ReadableStream({
      async start(controller) {
        await released();
        controller.enqueue(Buffer.from("one "));
        // As servers of such handlers on Node and Bun allow.
        controller.enqueue("two" as never);
        controller.close();
      },
    }),
    { status: 201, headers: { "Content-Type": "text/event-stream" } },
  );

async function served(app: WSGIApplication): Promise<string> {
  const server = makeServer("127.0.0.1", 0, app, { errors: new StringErrorStream() });
  await server.listen();
  closers.push(() => server.close(0));
  return server.url;
}

async function servedByNode(): Promise<string> {
  const server = createServer(toNodeHandler(application)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function behind(
  makeGateway: typeof fastcgiGateway,
  guest: (options: { upstream: string }) => WSGIApplication,
): Promise<string> {
  const front = await ServedFront.open((calls) => makeGateway(calls), application);
  closers.push(() => front.close());
  return served(guest({ upstream: `unix:${front.path}` }));
}

const ASKED: Readonly<Record<string, () => Promise<Response>>> = {
  "the HTTP gateway": async () => fetch(await served(application)),
  "node:http": async () => fetch(await servedByNode()),
  "a fetch handler": async () => toFetchHandler(application)(new Request("http://localhost/")),
  "(req, res) as a guest": async () => fetch(await served(nodeApplication(listener))),
  "a fetch handler as a guest": async () => fetch(await served(fetchApplication(handler))),
  "the proxy": async () => fetch(await served(proxyApplication({ upstream: await served(application) }))),
  "FastCGI, both sides": async () => fetch(await behind(fastcgiGateway, fastcgiApplication)),
  "SCGI, both sides": async () => fetch(await behind(scgiGateway, scgiApplication)),
};

describe("the head comes first", () => {
  test.each(Object.entries(ASKED))("%s", async (_name, ask) => {
    const response = await ask();
    expect([response.status, response.headers.get("Content-Type")]).toEqual([201, "text/event-stream"]);
    release();
    expect(await response.text()).toBe("one two");
  });

  test.each([
    ["HEAD", ""],
    ["GET", "text"],
  ])("%s of what says so and then gives everything at once", async (method, text) => {
    const url = await served(
      nodeApplication((_request, response) => {
        response.setHeader("Content-Type", "text/plain");
        response.flushHeaders();
        response.flushHeaders();
        response.end("text");
      }),
    );
    const response = await fetch(url, { method });
    expect([response.status, await response.text()]).toEqual([200, text]);
  });
});
