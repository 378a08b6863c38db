// Starts a Python guest behind the HTTP server, and sends it requests as a client would.
import { existsSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { makeServer } from "../../src/server/make-server.ts";
import { pythonApplication, type PythonGuest } from "../../src/guests/python/python-application.ts";
import type { PythonLogEntry, PythonOptions, PythonOutputLine } from "../../src/guests/python/options.ts";
import type { Middleware, WSGIApplication } from "../../src/wsgi/types.ts";

/** The Python programs of the tests. */
export const APPS = fileURLToPath(new URL("apps", import.meta.url));
/** The virtual environment with the frameworks, which the test script makes. */
export const VENV = fileURLToPath(new URL("../../.cache/venv", import.meta.url));
/** The interpreter of the tests: with frameworks where they are installed. */
export const PYTHON = existsSync(`${VENV}/bin/python`) ? VENV : "python3";

/** What a client received. */
export interface Received {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: Buffer;
  readonly text: string;
  readonly informational: readonly IncomingHttpHeaders[];
  /** Milliseconds after the request at which each chunk came. */
  readonly arrivals: readonly number[];
}

/** A server on a free port. */
export interface Served {
  readonly guest: PythonGuest;
  readonly port: number;
  readonly log: PythonLogEntry[];
  readonly output: PythonOutputLine[];
  readonly errors: { text: string };
  get(path: string, options?: Sending): Promise<Received>;
  close(): Promise<void>;
}

/** How a request differs from a plain GET. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Sends one request on a connection of its own. */
export function send(port: number, path: string, sending: Sending = {}): Promise<Received> {
  return new Promise((resolve, reject) => {
    const informational: IncomingHttpHeaders[] = [];
    const arrivals: number[] = [];
    const begin = performance.now();
    const outgoing = request(
      { host: "127.0.0.1", port, path, method: sending.method ?? "GET", headers: sending.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          arrivals.push(performance.now() - begin);
        });
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? "",
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            text: body.toString("utf8"),
            informational,
            arrivals,
          });
        });
      },
    );
    outgoing.on("information", (information) => informational.push(information.headers));
    outgoing.on("error", reject);
    const { body } = sending;
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) outgoing.end(body);
    else void sendAll(outgoing, body);
  });
}

async function sendAll(outgoing: NodeJS.WritableStream, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once("drain", resolve));
  }
  outgoing.end();
}

/** Serves an application of ours on a free port. */
export async function serveApplication(
  application: WSGIApplication,
  errors = { text: "" },
): Promise<{ port: number; close(): Promise<void> }> {
  const stream = {
    write: (text: string) => {
      errors.text += text;
    },
    writelines: (lines: Iterable<string>) => {
      errors.text += [...lines].join("");
    },
    flush: () => {},
  };
  const server = makeServer("127.0.0.1", 0, application, { errors: stream });
  await server.listen();
  return { port: (server.address as unknown as AddressInfo).port, close: () => server.close(1) };
}

/** Serves a Python target on a free port; `middleware` goes around it. */
export async function servePython(
  options: PythonOptions & { target: NonNullable<PythonOptions["target"]> },
  middleware: Middleware = (application) => application,
): Promise<Served> {
  const log: PythonLogEntry[] = [];
  const output: PythonOutputLine[] = [];
  const errors = { text: "" };
  const guest = await pythonApplication({
    directory: APPS,
    python: PYTHON,
    log: (entry) => log.push(entry),
    output: (line) => output.push(line),
    ...options,
  });
  const server = await serveApplication(middleware(guest.application), errors);
  return {
    guest,
    port: server.port,
    log,
    output,
    errors,
    get: (path, sending) => send(server.port, path, sending),
    async close() {
      await server.close();
      await guest.close(1);
    },
  };
}

/** Waits until a condition holds; fails after a minute. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`Waited a minute for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
