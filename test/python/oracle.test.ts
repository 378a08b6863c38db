// The same application under wsgiref and gunicorn: status, body and headers equal, except for the differences listed here.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { APPS, eventually, PYTHON, send, servePython, VENV, type Received, type Served } from "./serve-python.ts";

const INTERPRETER = existsSync(`${PYTHON}/bin/python`) ? `${PYTHON}/bin/python` : PYTHON;
const WSGIREF = `
import sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
import torture
class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass
make_server("127.0.0.1", int(sys.argv[1]), torture.application, handler_class=Quiet).serve_forever()
`;

const oracles: { name: string; command: (port: number) => [string, string[]]; differs: Record<string, string> }[] = [
  {
    name: "wsgiref",
    command: (port) => [INTERPRETER, ["-c", WSGIREF, String(port)]],
    differs: {
      "/hop-by-hop": "wsgiref refuses hop-by-hop headers, we drop them as gunicorn does",
      "/too-short": "wsgiref sends less than was announced, we notice before the first byte",
      "/too-long": "wsgiref sends more than was announced, we cut at the length",
      "/header-crlf": "wsgiref lets CR and LF through into the header",
      "/header-nul": "wsgiref lets NUL through into the header",
      "/header-name": "wsgiref lets a space through into the name",
      "/header-tuple": "wsgiref lets a tuple pass as the header list",
      "/status-crlf": "wsgiref lets CR and LF through into the status",
      "/header-unicode": "wsgiref notices while it writes the head, and closes the connection",
      "/header-int": "wsgiref's check is an assertion on the whole; ours names the header; both are a 500",
    },
  },
  {
    name: "gunicorn",
    command: (port) => [
      `${VENV}/bin/gunicorn`,
      ["-b", `127.0.0.1:${port}`, "--log-level", "critical", "torture:application"],
    ],
    differs: {
      "/too-short": "gunicorn sends less than was announced, we notice before the first byte",
      "/status-crlf": "gunicorn lets CR and LF through into the status",
      "/returns-none": "gunicorn's worker notices after the head is out",
      "/returns-int": "gunicorn's worker notices after the head is out",
      "/header-tuple": "gunicorn lets a tuple pass as the header list",
      "/status-int": "gunicorn's message differs; both are a 500",
      "/header-unicode": "gunicorn notices while it writes the head, and closes the connection",
      "/write-str": "gunicorn notices after the head is out",
      "/str-chunk": "gunicorn notices after the head is out",
      "/no-start": "gunicorn notices while it writes the head",
    },
  },
];

const PATHS = [
  "/hello", "/several-chunks", "/empty-list", "/write-only", "/write-and-return", "/generator", "/lazy-start", "/class-iterable",
  "/complete-by-length", "/exc-info-before", "/status-204", "/status-304", "/two-cookies", "/hop-by-hop", "/too-long", "/nowhere",
  "/file", "/file-like", "/big-list?bytes=100000", "/big-generator?blocks=3", "/no-start", "/double-start", "/returns-none", "/returns-int",
  "/header-crlf", "/header-nul", "/header-name", "/header-unicode", "/header-int", "/header-tuple", "/status-crlf", "/status-int",
  "/write-str", "/raises", "/raises-at-first", "/too-short", "/str-chunk",
]; // prettier-ignore

/** What must be equal: the bodies of error pages are each server's own. */
function essence(received: Received): unknown {
  const { status, reason, headers, body } = received;
  if (status >= 500) return { status };
  const names = ["content-type", "set-cookie", "etag", "x-latin", "x-evil"];
  return {
    status,
    reason,
    headers: Object.fromEntries(names.map((name) => [name, headers[name]])),
    body: body.toString("latin1"),
  };
}

describe.each(oracles)("as under $name", ({ command, differs }) => {
  let served: Served;
  let oracle: ChildProcess;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    const [program, args] = command(port);
    oracle = spawn(program, args, { cwd: APPS, stdio: "ignore", env: { ...process.env, PYTHONPATH: APPS } });
    served = await servePython({ target: "torture:application" });
    await eventually(
      () =>
        send(port, "/hello").then(
          () => true,
          () => false,
        ),
      "the oracle",
    );
  });
  afterAll(async () => {
    oracle.kill();
    await served.close();
  });

  const get = (at: number, path: string): Promise<unknown> =>
    send(at, path).then(essence, (error: unknown) => `broken ${String(error)}`);

  test.each(PATHS.filter((path) => differs[path] === undefined))("%s", async (path) => {
    expect(await get(served.port, path)).toEqual(await get(port, path));
  });

  test.each(PATHS.filter((path) => differs[path] !== undefined))(
    "%s differs, and is not worse than an error here",
    async (path) => {
      const ours = await get(served.port, path);
      expect(ours).toBeTypeOf("object");
      expect((ours as { status: number }).status).toBe(["/hop-by-hop", "/too-long"].includes(path) ? 200 : 500);
    },
  );
});
