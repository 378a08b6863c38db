// The private listener: metrics for Prometheus, health and readiness for the service manager, everything as JSON.
// It runs in the arbiter, so that it answers even when every worker is busy.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { ArbiterControl, ArbiterService } from "./arbiter-control.ts";
import type { ArbiterSnapshot } from "../metrics/arbiter-snapshot.ts";
import { formatBind } from "../sockets/bind-address.ts";
import { listenPrivately } from "../sockets/listen-privately.ts";
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from "../metrics/prometheus-text.ts";
import { serverMetrics, totalStats } from "../metrics/server-metrics.ts";
import { readableJson } from "./readable-json.ts";

/** Time for workers to give fresh numbers; the last ones do when they are too busy. */
const REFRESH_SECONDS = 0.5;
/** Group may read: the agent that scrapes. */
const SOCKET_MODE = 0o660;
const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** What a path answers. */
interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const PAGES: Readonly<Record<string, (control: ArbiterControl) => Page | Promise<Page>>> = {
  "/metrics": async (control) => {
    await control.refresh(REFRESH_SECONDS);
    return { status: 200, type: PROMETHEUS_CONTENT_TYPE, body: prometheusText(serverMetrics(control.snapshot())) };
  },
  "/stats": async (control) => {
    await control.refresh(REFRESH_SECONDS);
    return { status: 200, type: JSON_TYPE, body: readableJson(statsDocument(control.snapshot())) };
  },
  // The arbiter answers, so it lives; whether workers do is a matter of readiness.
  "/healthz": () => ({ status: 200, type: TEXT_TYPE, body: "ok\n" }),
  "/readyz": (control) => {
    const snapshot = control.snapshot();
    return snapshot.isReady
      ? { status: 200, type: TEXT_TYPE, body: "ready\n" }
      : { status: 503, type: TEXT_TYPE, body: `${unreadyReason(snapshot)}\n` };
  },
};

/** The document of `/stats`: the snapshot and the sum of all workers that ever ran. */
export function statsDocument(snapshot: ArbiterSnapshot): object {
  const { endedStats: _, ...rest } = snapshot;
  return { ...rest, total: totalStats(snapshot) };
}

/** Serves `/metrics`, `/healthz`, `/readyz` and `/stats`. */
export class StatsServer implements ArbiterService {
  readonly #where: string;
  #server: Server | null = null;
  #address = "";

  /** @param where - `HOST:PORT` or `unix:PATH` */
  constructor(where: string) {
    this.#where = where;
  }

  /** Says where it listens, with the port that was taken. */
  get announcement(): string {
    return `Statistics at: ${this.#address}`;
  }

  async start(control: ArbiterControl): Promise<void> {
    const server = createServer((request, response) => void answer(control, request, response));
    this.#server = server;
    this.#address = formatBind(await listenPrivately(server, this.#where, SOCKET_MODE));
    server.unref();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server?.listening !== true) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

async function answer(control: ArbiterControl, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = await pageOf(control, request);
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    "Content-Type": page.type,
    "Content-Length": body.length,
    "Cache-Control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function pageOf(control: ArbiterControl, request: IncomingMessage): Promise<Page> {
  if (!isMeant(request)) return { status: 421, type: TEXT_TYPE, body: "Ask by address, or as localhost\n" };
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, type: TEXT_TYPE, body: "Only GET and HEAD\n" };
  }
  const [path = ""] = (request.url ?? "").split("?");
  const page = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  if (page === undefined) {
    return { status: 404, type: TEXT_TYPE, body: `Try ${Object.keys(PAGES).join(", ")}\n` };
  }
  try {
    return await page(control);
  } catch (error) {
    return { status: 500, type: TEXT_TYPE, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

/**
 * Whether a request to a loopback address names it as somebody on this machine would. A page of the web that has its name point here
 * (DNS rebinding) names itself: with a dot, and as no address.
 */
function isMeant({ headers, socket }: IncomingMessage): boolean {
  if (!/^(?:::ffff:)?127\.|^::1$/.test(socket.localAddress ?? "")) return true;
  const host = (headers.host ?? "")
    .replace(/:\d*$/, "")
    .replaceAll(/^\[|\]$/g, "")
    .toLowerCase();
  return !host.includes(".") || isIP(host) !== 0 || host.endsWith(".localhost") || host === hostname().toLowerCase();
}

function unreadyReason({ isStopping, workers }: ArbiterSnapshot): string {
  if (isStopping) return "stopping";
  return workers.length === 0 ? "no worker runs" : "no worker serves yet";
}
