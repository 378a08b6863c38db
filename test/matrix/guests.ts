// The guests of the matrix: each stands for the application of a case in its own way. A new guest is a row here.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { toFetchHandler } from "../../src/gateways/fetch/fetch-handler.ts";
import { toNodeHandler } from "../../src/gateways/node/node-handler.ts";
import { cgiApplication } from "../../src/guests/cgi/cgi-application.ts";
import { fastcgiApplication } from "../../src/guests/fastcgi/fastcgi-application.ts";
import { fetchApplication } from "../../src/guests/fetch/fetch-application.ts";
import { jsgiApplication } from "../../src/guests/jsgi/jsgi-application.ts";
import { nodeApplication } from "../../src/guests/node/node-application.ts";
import { proxyApplication } from "../../src/guests/proxy/proxy-application.ts";
import { pythonApplication } from "../../src/guests/python/python-application.ts";
import { scgiApplication } from "../../src/guests/scgi/scgi-application.ts";
import { uwsgiApplication } from "../../src/guests/uwsgi/uwsgi-application.ts";
import type { ConformanceCase, ConformanceFeature } from "../../src/testing/conformance/conformance-case.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { relayProgram } from "../gateways/cgi-relay.ts";
import { Served } from "../gateways/served.ts";
import { APPS, PYTHON } from "../python/serve-python.ts";
import { toJsgiApplication } from "./jsgi-handler.ts";

/** A guest that runs. */
export interface MatrixGuest {
  /** What a gateway serves for a case. @param application - that of the case; guests in other languages have their own */
  guestOf(application: WSGIApplication, testCase: ConformanceCase): WSGIApplication;
  close(): Promise<void>;
}

/** A row. */
export interface GuestRow {
  readonly lacks?: readonly ConformanceFeature[];
  /** It starts a process for each request: a smaller sample is tried. */
  readonly isSlow?: boolean;
  open(): Promise<MatrixGuest>;
}

const errors = new StringErrorStream();
const inProcess = (guestOf: MatrixGuest["guestOf"]): GuestRow => ({
  open: async () => ({ guestOf, close: async () => {} }),
});

/** Rows by name. */
export const GUESTS: Readonly<Record<string, GuestRow>> = {
  TypeScript: inProcess((application) => application),
  fetch: {
    ...inProcess((application) => fetchApplication(toFetchHandler(application, { errors }))),
    lacks: ["early-hints"],
  },
  "(req, res)": inProcess((application) => nodeApplication(toNodeHandler(application, { errors }))),
  Python: { open: openPython },
  "HTTP proxy": { open: openProxy },
  FastCGI: upstream("fastcgi", fastcgiApplication),
  SCGI: upstream("scgi", scgiApplication),
  uwsgi: upstream("uwsgi", uwsgiApplication),
  CGI: {
    open: openProgram,
    isSlow: true,
    lacks: ["early-hints", "break-off", "client-leaves"],
  },
  JSGI: {
    ...inProcess((application) => jsgiApplication(toJsgiApplication(application, errors))),
    lacks: ["client-leaves", "early-hints", "reason-phrase"],
  },
};

interface Upstream {
  (environ: Parameters<WSGIApplication>[0], startResponse: Parameters<WSGIApplication>[1]): ReturnType<WSGIApplication>;
  close(): Promise<void>;
}

/** Our own gateway behind: a body is received whole before the application hears of its request. */
function upstream(
  protocol: "fastcgi" | "scgi" | "uwsgi",
  connect: (options: { upstream: string }) => Upstream,
): GuestRow {
  return {
    lacks: ["early-answer", "early-hints", ...(protocol === "fastcgi" ? [] : (["break-off"] as const))],
    async open() {
      const behind = await Served.open();
      const guest = connect({ upstream: `unix:${behind.path(protocol)}` });
      return {
        guestOf(application) {
          behind.application = application;
          return guest;
        },
        async close() {
          await guest.close();
          await behind.close();
        },
      };
    },
  };
}

async function openProxy(): Promise<MatrixGuest> {
  let current: WSGIApplication = () => [];
  const handler = toNodeHandler((environ, startResponse) => current(environ, startResponse), { errors });
  const behind: Server = createServer(handler);
  behind.listen(0, "127.0.0.1");
  await once(behind, "listening");
  const { port } = behind.address() as AddressInfo;
  const guest = proxyApplication({ upstream: `http://127.0.0.1:${port}` });
  return {
    guestOf(application) {
      current = application;
      return guest;
    },
    async close() {
      await guest.close();
      behind.close();
      behind.closeAllConnections();
    },
  };
}

/** A program that is started for each request, and lets our own CGI gateway answer. */
async function openProgram(): Promise<MatrixGuest> {
  const behind = await Served.open();
  const program = join(behind.folder, "relay.cgi");
  writeFileSync(program, relayProgram(behind.ports.cgi), { mode: 0o755 });
  const guest = cgiApplication({ program, streamChunked: true, authorization: "pass" });
  return {
    guestOf(application) {
      behind.application = application;
      return guest;
    },
    async close() {
      await guest.close();
      await behind.close();
    },
  };
}

/** The applications of the cases are written in Python, too; this side names the case, and tells what only it knows. */
async function openPython(): Promise<MatrixGuest> {
  const guest = await pythonApplication({
    target: "conformance:application",
    directory: APPS,
    python: PYTHON,
    threads: 4,
    log: () => {},
    output: () => {},
  });
  const signals = new Map<string, number>();
  return {
    guestOf:
      (_application, { name }) =>
      (environ, startResponse) => {
        const key = environ.QUERY_STRING;
        environ["conformance.case"] = encodeURIComponent(name);
        environ["conformance.signals"] = String(signals.get(key) ?? 0);
        environ["tsgi.signal"]?.addEventListener("abort", () => signals.set(key, (signals.get(key) ?? 0) + 1));
        return guest.application(environ, startResponse);
      },
    close: () => guest.close(1),
  };
}
