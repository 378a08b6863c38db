// An application behind FastCGI, SCGI and uwsgi in this process, each on a unix socket and on TCP, for real web servers to connect to. Which
// application it is can be changed at any time, so that one start of a web server serves many cases.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo, Server } from "node:net";

import type { AccessEntry } from "../../src/gateways/access-entry.ts";
import { fastcgiGateway } from "../../src/gateways/fastcgi/fastcgi-gateway.ts";
import type { FrontGatewayOptions } from "../../src/gateways/front/front-gateway.ts";
import { HttpGateway, type HttpGatewayOptions } from "../../src/gateways/http/gateway.ts";
import { scgiGateway } from "../../src/gateways/scgi/scgi-gateway.ts";
import { uwsgiGateway } from "../../src/gateways/uwsgi/uwsgi-gateway.ts";
import type { Limits } from "../../src/http/limits.ts";
import { HttpServer } from "../../src/http/server.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { CGIRelay } from "./cgi-relay.ts";

const GATEWAYS = { fastcgi: fastcgiGateway, scgi: scgiGateway, uwsgi: uwsgiGateway } as const;

/** A protocol between a web server and an application, on sockets that stay. */
export type Protocol = keyof typeof GATEWAYS;

export const PROTOCOLS = Object.keys(GATEWAYS) as readonly Protocol[];

/** How to serve. */
export interface ServedOptions extends FrontGatewayOptions {
  readonly limits?: Partial<Limits>;
  readonly http?: HttpGatewayOptions;
}

/** A server for fronts. */
export class Served {
  application: WSGIApplication = () => {
    throw new Error("No application is served");
  };
  /** The access log. */
  readonly entries: AccessEntry[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), "tsgi-front-"));
  readonly server: HttpServer;
  readonly ports: Record<Protocol | "http" | "cgi", number> = { fastcgi: 0, scgi: 0, uwsgi: 0, http: 0, cgi: 0 };
  /** What was written to `wsgi.errors`, and warnings. */
  log = "";
  readonly #gateway: HttpGateway;
  #relay: CGIRelay | null = null;

  private constructor(options: ServedOptions) {
    const write = (text: string): void => void (this.log += text);
    const writelines = (lines: Iterable<string>): void => void (this.log += [...lines].join(""));
    this.#gateway = new HttpGateway((environ, startResponse) => this.application(environ, startResponse), {
      errors: { write, writelines, flush() {} },
      accessLog: (entry) => this.entries.push(entry),
      warn: (message) => write(`${message}\n`),
      ...options.http,
    });
    this.server = new HttpServer(this.#gateway, options.limits === undefined ? {} : { limits: options.limits });
  }

  /** Listens. */
  static async open(options: ServedOptions = {}): Promise<Served> {
    const served = new Served(options);
    for (const protocol of PROTOCOLS) {
      const gateway = GATEWAYS[protocol](served.#gateway.calls, options);
      await served.server.listen({ path: served.path(protocol) }, null, gateway);
      served.ports[protocol] = portOf(await served.server.listen({ host: "127.0.0.1", port: 0 }, null, gateway));
    }
    served.ports.http = portOf(await served.server.listen({ host: "127.0.0.1", port: 0 }, null));
    const { mount, trustRemoteUser } = options;
    served.#relay = await CGIRelay.open((environ, startResponse) => served.application(environ, startResponse), {
      errors: served.#gateway.calls.errors,
      mount: mount ?? undefined,
      trustRemoteUser,
    });
    served.ports.cgi = served.#relay.port;
    return served;
  }

  /** The unix socket of a protocol. */
  path(protocol: Protocol): string {
    return join(this.folder, protocol);
  }

  async close(): Promise<void> {
    await this.server.close(0);
    await this.#relay?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
