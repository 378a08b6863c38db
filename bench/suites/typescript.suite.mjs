// @ts-check
// TSGI against what else serves TypeScript: the smallest node:http handler, the frameworks, and Bun.
import { CHUNK, CHUNKS, TEN_KILOBYTES } from "../apps/payloads.js";
import { answerOf } from "../harness/machine.mjs";
import { HELLO_WORKLOADS } from "./hello.mjs";
import { bun, packageServer } from "./package-server.mjs";
import { application, tsgi, tsgiVersion } from "./tsgi-command.mjs";

const BYTES = "application/octet-stream";

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "typescript",
  title: "TypeScript servers",
  baseline: "node-http",
  servers: [
    {
      id: "tsgi",
      label: "TSGI",
      missing: () => null,
      version: tsgiVersion,
      command: ({ port }) => ({ argv: tsgi(application, port) }),
    },
    packageServer("node-http", "node:http", null),
    packageServer("fastify", "Fastify", "fastify"),
    packageServer("hono", "Hono", "@hono/node-server"),
    packageServer("srvx", "srvx", "srvx"),
    packageServer("express", "Express", "express"),
    {
      ...packageServer("bun", "Bun", null, { program: bun }),
      version: () => answerOf(bun() ?? "bun", ["--version"]),
    },
  ],
  workloads: [
    ...HELLO_WORKLOADS,
    {
      id: "10k",
      title: "10 KB answer",
      request: { method: "GET", path: "/10k" },
      expected: { status: 200, type: BYTES, body: TEN_KILOBYTES },
    },
    {
      id: "echo",
      title: "10 KB POST, echoed",
      request: {
        method: "POST",
        path: "/echo",
        headers: { "Content-Type": BYTES },
        body: TEN_KILOBYTES.toString("latin1"),
      },
      expected: { status: 200, type: BYTES, body: TEN_KILOBYTES },
    },
    {
      id: "stream",
      title: "1 MB, streamed",
      request: { method: "GET", path: "/stream" },
      expected: {
        status: 200,
        type: BYTES,
        body: Buffer.concat(Array.from({ length: CHUNKS }, () => CHUNK)),
        hasLength: false,
      },
    },
  ],
  goals: [{ workload: "browser", server: "tsgi", against: "node-http", atMost: 0.7, aim: 0.6 }],
};
