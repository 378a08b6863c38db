// Settings of time: of requests, of stopping, of reloading.
import type { Section } from "./setting.ts";

/** Timeouts. */
export const TIMEOUTS = {
  title: "Timeouts",
  settings: {
    timeout: {
      type: "duration",
      default: 30,
      short: "t",
      source: "gunicorn",
      isCommon: true,
      doc: "Time from a request's headers to the first byte of its response; 0 means no limit. After it, the client gets 504 and the log names the request. If a Python thread works on a request for that long, its process is replaced and its stack is logged. Unlike gunicorn's workers, Node workers keep running; `--heartbeat-timeout` watches their event loop.",
    },
    heartbeatTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "How long a worker's event loop may be blocked before the worker is killed and replaced; 0 means forever.",
    },
    keepAlive: {
      type: "duration",
      default: 5,
      source: "gunicorn",
      gunicorn: "keepalive",
      gunicornDefault: "2",
      doc: "How long an idle connection is kept open; 0 closes each connection after its response. Behind a proxy, make it longer than the proxy's own timeout, so that the proxy closes first.",
    },
    headTimeout: {
      type: "duration",
      default: 10,
      source: "tsgi",
      doc: "Time for a client to send all of its request headers; 0 means no limit.",
    },
    bodyTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "How long a client may stop sending a request body that the application reads; 0 means no limit.",
    },
    writeTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "How long a client may stop reading the response before it is disconnected; 0 means forever.",
    },
    gracefulTimeout: {
      type: "duration",
      default: 30,
      source: "gunicorn",
      doc: "Time for open requests to finish when a worker stops; after it, they are cut off. Python processes use the rest of the time to exit: they wait for threads and run `atexit` functions.",
    },
    lameDuckSeconds: {
      type: "duration",
      default: 0,
      source: "tsgi",
      doc: "How long to keep accepting connections after the signal to stop. Meanwhile `/readyz` fails, so that load balancers notice.",
    },
    stableSeconds: {
      type: "duration",
      default: 0,
      source: "tsgi",
      doc: "How long the first new worker of a reload must stay up before the others follow.",
    },
    bootTimeout: {
      type: "duration",
      default: 60,
      source: "tsgi",
      doc: "Time for a worker to load the application; 0 means no limit.",
    },
    warmup: {
      type: "text",
      default: null,
      value: "url-path",
      source: "tsgi",
      doc: "Path that a new worker requests from its own application before it serves, without a network. Use a URL if the application answers only certain hosts. A redirect to the same path at another scheme or host, such as Django's redirect to https, is followed. A status of 500 or above fails the boot, and with it the reload.",
    },
  },
} as const satisfies Section;
