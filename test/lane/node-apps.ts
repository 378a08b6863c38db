// What the Node guest serves: the conformance list, by the names of its cases; and by path what goes well and what ends badly.
import { setTimeout as sleep } from "node:timers/promises";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { toApplication } from "../../src/wsgi/application.ts";
import type { Bytes, HeaderList, WSGIApplication, WSGIEnvironment } from "../../src/wsgi/types.ts";

/** A request for this path ends the guest before it has marked it as started. */
export const ENDS_BEFORE_START = "/ends-before-start";

const cases = new Map(conformanceCases.map(({ name, app }) => [name, toApplication(app)]));

const bodies: Readonly<Record<string, (environ: WSGIEnvironment) => AsyncIterable<Bytes> | Iterable<Bytes>>> = {
  "/hello": () => [Buffer.from("hello")],
  "/pid": () => [Buffer.from(String(process.pid))],
  "/query": ({ QUERY_STRING }) => [Buffer.from(QUERY_STRING)],
  "/path/café": ({ PATH_INFO }) => [Buffer.from(PATH_INFO, "latin1")],
  "/headers": () => [],
  "/echo": async function* echo(environ) {
    for (;;) {
      const chunk = await environ["wsgi.input"].read(65_536);
      if (chunk.length === 0) return;
      yield chunk;
    }
  },
  "/endless": async function* endless(environ) {
    const said = (): void => environ["wsgi.errors"].write("the client of /endless has left\n");
    environ["tsgi.signal"]?.addEventListener("abort", said);
    for (;;) {
      await sleep(1);
      yield Buffer.from("on and on");
    }
  },
  "/raise": () => {
    throw new TypeError("on purpose, at the träge path");
  },
  "/raise-late": async function* late() {
    yield Buffer.from("begun");
    await sleep(1);
    throw new TypeError("on purpose, too late");
  },
  "/exit": () => process.exit(7),
  "/stuck": () => ({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  }),
};

/** The guest's application. */
export const application: WSGIApplication = (environ, startResponse) => {
  const name = environ["conformance.case"];
  const named = typeof name === "string" ? cases.get(decodeURIComponent(name)) : undefined;
  if (named !== undefined) return named(environ, startResponse);
  const path = Buffer.from(environ.PATH_INFO, "latin1").toString();
  const body = bodies[path]?.(environ);
  const cookies: HeaderList =
    path === "/headers"
      ? [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ]
      : [];
  const status = body === undefined ? "404 Not Found" : path === "/headers" ? "201 Created" : "200 OK";
  startResponse(status, [["Content-Type", "text/plain"], ...cookies]);
  return body ?? [];
};
