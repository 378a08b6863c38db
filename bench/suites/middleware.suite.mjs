// @ts-check
// What middleware costs: TSGI with and without it, and files against nginx and @fastify/static.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { HELLO, TEN_KILOBYTES } from "../apps/payloads.js";
import { BROWSER_HEADERS } from "./browser-headers.mjs";
import { nginx, nginxMissing, nginxVersion } from "./nginx-front.mjs";
import { packageMissing, packageVersion } from "./package-server.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));
const folder = `${bench}.cache/static`;
const app = `${bench}apps/middleware.js`;
const TEN_MEGABYTES = Buffer.alloc(10 * 1024 * 1024, TEN_KILOBYTES);

/** Which application of apps/middleware.js each workload needs. @type {Record<string, string>} */
const APPLICATIONS = {
  hello: "ten",
  gzip: "gzip",
  "file-10k": "files",
  "file-10m": "files",
  session: "session",
  auth: "auth",
};

const hello = { status: 200, type: "text/plain", body: Buffer.from(HELLO) };

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "middleware",
  title: "Middleware",
  baseline: "tsgi",
  servers: [
    {
      id: "bare",
      label: "TSGI, hello without middleware",
      missing: (workload) => (isAbout(workload, ["hello", "session", "auth"]) ? null : "it has no such answer"),
      version: tsgiVersion,
      command: ({ port }) => ({ argv: tsgi(`${app}:bare`, port) }),
    },
    {
      id: "tsgi",
      label: "TSGI, with middleware",
      missing: () => null,
      version: tsgiVersion,
      command: ({ port, workload }) => {
        writeFiles();
        return { argv: tsgi(`${app}:${APPLICATIONS[workload.id]}`, port), env: { BENCH_FILES: folder } };
      },
    },
    {
      id: "nginx",
      label: "nginx",
      missing: (workload) =>
        isAbout(workload, ["file-10k", "file-10m"]) ? nginxMissing() : "measured with files only",
      version: nginxVersion,
      command: ({ port }) => {
        writeFiles();
        return { argv: [nginx() ?? "nginx", "-e", "stderr", "-c", nginxConfiguration(port)] };
      },
    },
    {
      id: "fastify-static",
      label: "@fastify/static",
      missing: (workload) =>
        isAbout(workload, ["file-10k", "file-10m"]) ? packageMissing("@fastify/static") : "measured with files only",
      version: () => packageVersion("@fastify/static"),
      command: ({ port }) => {
        writeFiles();
        return {
          argv: [process.execPath, `${bench}servers/fastify-static.mjs`],
          env: { PORT: String(port), BENCH_FILES: folder },
        };
      },
    },
  ],
  workloads: [
    {
      id: "hello",
      title: "Hello behind ten filters that do nothing",
      request: { method: "GET", path: "/", headers: BROWSER_HEADERS },
      expected: hello,
    },
    {
      id: "gzip",
      title: "10 KB of text, gzip",
      request: { method: "GET", path: "/", headers: { "Accept-Encoding": "gzip" } },
      expected: { status: 200, type: "text/plain", body: gzipSync(TEN_KILOBYTES, { level: 6 }) },
    },
    {
      id: "file-10k",
      title: "File of 10 KB",
      request: { method: "GET", path: "/10k.txt" },
      expected: { status: 200, type: "text/plain", body: TEN_KILOBYTES },
    },
    {
      id: "file-10m",
      title: "File of 10 MB",
      request: { method: "GET", path: "/10m.txt" },
      expected: { status: 200, type: "text/plain", body: TEN_MEGABYTES },
      connections: 4,
    },
    {
      id: "session",
      title: "Session in a signed cookie",
      request: { method: "GET", path: "/", headers: { Cookie: `session=${await sealedSession()}` } },
      expected: hello,
    },
    {
      id: "auth",
      title: "Basic authentication",
      request: { method: "GET", path: "/", headers: { Authorization: `Basic ${btoa("ada:lovelace")}` } },
      expected: hello,
    },
  ],
  goals: [{ workload: "hello", server: "tsgi", against: "bare", atMost: 1.1, aim: 1.05 }],
};

/**
 * @param {import("../harness/suite.mjs").Workload | undefined} workload asked about; undefined for none in particular
 * @param {string[]} ids of those that a server can do
 * @returns {boolean} whether it can
 */
function isAbout(workload, ids) {
  return workload === undefined || ids.includes(workload.id);
}

/** Writes the files that are served, where they are missing. */
function writeFiles() {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of /** @type {const} */ ([
    ["10k.txt", TEN_KILOBYTES],
    ["10m.txt", TEN_MEGABYTES],
  ])) {
    if (!existsSync(`${folder}/${name}`)) writeFileSync(`${folder}/${name}`, content);
  }
}

/**
 * One process, as the others; sendfile and keep-alive as in the configuration that Debian ships.
 *
 * @param {number} port on the loopback
 * @returns {string} path of the file
 */
function nginxConfiguration(port) {
  const path = `${folder}-nginx-${port}.conf`;
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${path}.pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  types { text/plain txt; }
  client_body_temp_path ${folder}-nginx-temp; proxy_temp_path ${folder}-nginx-temp; fastcgi_temp_path ${folder}-nginx-temp;
  uwsgi_temp_path ${folder}-nginx-temp; scgi_temp_path ${folder}-nginx-temp;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`,
  );
  return path;
}

/** @returns {Promise<string>} a session as a browser would send it; empty before the first build, when the row is refused */
async function sealedSession() {
  const built = new URL("../../dist/testing/index.js", import.meta.url);
  if (!existsSync(built)) return "";
  const { TestClient } = await import(built.href);
  const { signIn } = await import("../apps/middleware.js");
  const { headers } = await new TestClient(signIn).get("/");
  return /^session=([^;]+)/.exec(headers.get("Set-Cookie") ?? "")?.[1] ?? "";
}
