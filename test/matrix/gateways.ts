// The gateways of the matrix, each as a client sees it: with a real web server in front, where the protocol is one between servers. A new
// gateway is a column here.
import { createAdaptorServer } from "@hono/node-server";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { toFetchHandler } from "../../src/gateways/fetch/fetch-handler.ts";
import { toNodeHandler } from "../../src/gateways/node/node-handler.ts";
import type { ConformanceFeature } from "../../src/testing/conformance/conformance-case.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { openFronts } from "../gateways/all-fronts.ts";

/** A column. */
export interface GatewayColumn {
  readonly lacks?: readonly ConformanceFeature[];
  /** It starts a process for each request: only TypeScript is tried there. */
  readonly isSlow?: boolean;
}

/** Columns by name. Fronts take a response that ends without its length for complete; nginx passes no more of a body on behind an answer's start. */
export const GATEWAYS = {
  HTTP: {},
  "FastCGI (nginx)": { lacks: ["break-off", "early-answer", "early-hints"] },
  "SCGI (nginx)": { lacks: ["break-off", "early-answer", "early-hints"] },
  "uwsgi (nginx)": { lacks: ["break-off", "early-answer", "early-hints"] },
  "CGI (lighttpd)": {
    lacks: ["break-off", "early-answer", "early-hints", "client-leaves", "reason-phrase"],
    isSlow: true,
  },
  fetch: { lacks: ["early-hints", "reason-phrase"] },
  "(req, res)": {},
} as const satisfies Readonly<Record<string, GatewayColumn>>;

export type GatewayName = keyof typeof GATEWAYS;

/** All gateways, serving one application that can be changed. */
export interface MatrixGateways {
  readonly ports: Readonly<Record<GatewayName, number>>;
  serve(application: WSGIApplication): void;
  close(): Promise<void>;
}

/** Starts them. */
export async function openGateways(programs: { nginx: string; lighttpd: string }): Promise<MatrixGateways> {
  const fronts = await openFronts(programs, {});
  const errors = new StringErrorStream();
  const current: WSGIApplication = (environ, startResponse) => fronts.served.application(environ, startResponse);
  const servers: Server[] = [
    createAdaptorServer({ fetch: toFetchHandler(current, { errors }), overrideGlobalObjects: false }) as Server,
    createServer(toNodeHandler(current, { errors })),
  ];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const [fetchPort = 0, nodePort = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  const front = (name: string): number => fronts.ports[name] ?? 0;
  return {
    ports: {
      HTTP: fronts.served.ports.http,
      "FastCGI (nginx)": front("nginx fastcgi"),
      "SCGI (nginx)": front("nginx scgi"),
      "uwsgi (nginx)": front("nginx uwsgi"),
      "CGI (lighttpd)": front("lighttpd root"),
      fetch: fetchPort,
      "(req, res)": nodePort,
    },
    serve(application) {
      fronts.served.application = application;
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await fronts.close();
    },
  };
}
