// What the gateways in process share with the server: deadlines and the access log.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { StringErrorStream } from "../wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import type { AccessEntry } from "./access-entry.ts";
import { toFetchHandler } from "./fetch/fetch-handler.ts";
import { toNodeHandler } from "./node/node-handler.ts";

const application: WSGIApplication = (environ, startResponse) => {
  if (environ.PATH_INFO === "/never") return new Promise(() => {});
  startResponse(environ.PATH_INFO === "/nothing" ? "404 Not Found" : "200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
};

interface Options {
  readonly timeoutSeconds: number;
  readonly accessLog: (entry: AccessEntry) => void;
  readonly errors: StringErrorStream;
  readonly maxBodyBytes: number;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** How each gateway is asked. */
const GATEWAYS: Readonly<
  Record<string, (options: Options) => Promise<(path: string, init?: RequestInit) => Promise<Response>>>
> = {
  fetch: async (options) => {
    const handle = toFetchHandler(application, options);
    return async (path, init) => await handle(new Request(`http://a.example${path}`, init));
  },
  node: async (options) => {
    const handle = toNodeHandler(application, { ...options, passNotFound: true });
    const server = createServer((request, response) =>
      handle(request, response, () => response.writeHead(404).end("another")),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo; // it listens on TCP
    return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
  },
};

describe.each(Object.entries(GATEWAYS))("the gateway %s", (name, open) => {
  test("answers 504 in place of an application that is too late, and logs each request once", async () => {
    const entries: AccessEntry[] = [];
    const ask = await open({
      timeoutSeconds: 0.05,
      accessLog: (entry) => entries.push(entry),
      errors: new StringErrorStream(),
      maxBodyBytes: 10,
    });
    expect(await (await ask("/here?x")).text()).toBe("hello");
    // With another handler behind it, Node's answers what is late or refused.
    const isLast = name === "fetch";
    expect((await ask("/never")).status).toBe(isLast ? 504 : 404);
    const refused = await ask("/long", { method: "POST", body: "x".repeat(11), headers: { "Content-Length": "11" } });
    expect(refused.status).toBe(isLast ? 413 : 404);
    expect((await ask("/nothing")).status).toBe(404);
    const told = entries.map(({ environ, status, bodyBytes, isRefused, isTimedOut }) => [
      environ.REQUEST_URI,
      status,
      isRefused ? "refused" : isTimedOut ? "late" : bodyBytes,
    ]);
    // What Node's next handler answers is not ours to log.
    expect(told).toEqual(
      name === "node"
        ? [["/here?x", 200, 5]]
        : [
            ["/here?x", 200, 5],
            ["/never", 504, "late"],
            ["/long", 413, "refused"],
            ["/nothing", 404, 5],
          ],
    );
  });
});

test("under node:http without another handler, what is too late or refused is logged, too", async () => {
  const entries: AccessEntry[] = [];
  const errors = new StringErrorStream();
  const server = createServer(
    toNodeHandler(application, {
      timeoutSeconds: 0.05,
      accessLog: (entry) => entries.push(entry),
      errors,
      maxBodyBytes: 10,
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const url = `http://127.0.0.1:${port}`;
  expect((await fetch(`${url}/never`)).status).toBe(504);
  expect((await fetch(`${url}/long`, { method: "POST", body: "x".repeat(11) })).status).toBe(413);
  expect(entries.map(({ environ, status }) => [environ.REQUEST_METHOD, environ.REQUEST_URI, status])).toEqual([
    ["GET", "/never", 504],
    ["POST", "/long", 413],
  ]);
});
