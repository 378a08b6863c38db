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
      doc: "Time from a request's head to the first byte of its response; 0 means no limit. After it the client gets 504 and the log names the request. A Python process whose thread has worked on a request for that long is replaced, and its stack logged. Node workers go on, unlike gunicorn's; `--heartbeat-timeout` watches their event loop.",
    },
    heartbeatTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "Time without a sign of life from the event loop of a worker after which it is killed and replaced; 0 means never.",
    },
    keepAlive: {
      type: "duration",
      default: 5,
      source: "gunicorn",
      gunicorn: "keepalive",
      gunicornDefault: "2",
      doc: "Idle time between two requests of a connection; 0 closes each connection after its answer. Behind a proxy it should be longer than the proxy's own, so that the proxy is the one that closes.",
    },
    headTimeout: {
      type: "duration",
      default: 10,
      source: "tsgi",
      doc: "Time for the whole head of a request; 0 means no limit.",
    },
    bodyTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "Time without a byte of a body that the application waits for; 0 means no limit.",
    },
    writeTimeout: {
      type: "duration",
      default: 30,
      source: "tsgi",
      doc: "Time in which a client that does not read its answer may make no progress; 0 means no limit.",
    },
    gracefulTimeout: {
      type: "duration",
      default: 30,
      source: "gunicorn",
      doc: "Time for requests in hand when a worker stops. What is left after it is cut. Python processes have the rest of it for their own end: threads that they wait for, and `atexit` functions.",
    },
    lameDuckSeconds: {
      type: "duration",
      default: 0,
      source: "tsgi",
      doc: "Time between the signal to stop and the end of accepting. `/readyz` is red meanwhile, so that load balancers notice.",
    },
    stableSeconds: {
      type: "duration",
      default: 0,
      source: "tsgi",
      doc: "Time that the first worker of a reload must stay up before the others follow.",
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
      value: "path",
      source: "tsgi",
      doc: "Path that a new worker requests from its own application, without a network, before it serves; or a URL, for an application that answers only certain hosts. A redirect to another scheme or host but the same path, such as Django's to https, is followed. A status of 500 or above fails the boot, and with it the reload.",
    },
  },
} as const satisfies Section;
