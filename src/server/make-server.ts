// A server in the running process, as wsgiref.simple_server makes one: for scripts, tests and development.
import { rm } from "node:fs/promises";
import type { TlsOptions } from "node:tls";
import { HttpGateway, type HttpGatewayOptions } from "../gateways/http/gateway.ts";
import type { Limits } from "../http/limits.ts";
import type { ProxyProtocolOptions } from "../http/proxy-protocol.ts";
import { HttpServer } from "../http/server.ts";
import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplicationLike } from "../wsgi/types.ts";

/** Options of `makeServer`. */
export interface ServerOptions extends HttpGatewayOptions {
  /** Limits and timeouts of the engine that differ from the defaults. */
  readonly limits?: Partial<Limits> | undefined;
  /** Certificate, key and so on (as for `node:tls`), to serve HTTPS. */
  readonly tls?: TlsOptions | undefined;
  /** Peers whose connections start with the PROXY protocol, and its version. @default nobody's */
  readonly proxyProtocol?: ProxyProtocolOptions | undefined;
  /** Length of the listen queue. @default 2048 */
  readonly backlog?: number | undefined;
}

/** Where a server listens. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Creates a server for one application. It listens only after `listen()` or `serveForever()`.
 *
 * @param host - host name or address, `""` for all interfaces, or `unix:PATH` for a unix socket
 * @param port - TCP port; 0 takes a free one. Ignored for a unix socket
 * @param app - the application: function, object with `call`, or class
 * @param options - limits, TLS, logs
 * @example
 * await makeServer("127.0.0.1", 8000, application).serveForever();
 */
export function makeServer(
  host: string,
  port: number,
  app: WSGIApplicationLike,
  options: ServerOptions = {},
): WSGIServer {
  return new WSGIServer(host, port, app, options);
}

/** A server for one application on one address. */
export class WSGIServer {
  readonly #host: string;
  readonly #port: number;
  readonly #options: ServerOptions;
  readonly #server: HttpServer;
  #address: ServerAddress | null = null;
  #listening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #whenClosed: () => void = () => {};
  readonly #closed: Promise<void>;

  constructor(host: string, port: number, app: WSGIApplicationLike, options: ServerOptions) {
    this.#host = host;
    this.#port = port;
    this.#options = options;
    const { limits = {}, proxyProtocol } = options;
    this.#server = new HttpServer(new HttpGateway(toApplication(app), options), {
      limits,
      ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
    });
    this.#closed = new Promise((resolve) => {
      this.#whenClosed = resolve;
    });
  }

  /** Where the server listens. Throws before `listen` is done. */
  get address(): ServerAddress {
    if (this.#address === null) throw new Error("Call listen() and await it before asking for the address");
    return this.#address;
  }

  /** The address as a URL; `http+unix:` and the path for a unix socket. */
  get url(): string {
    const { address } = this;
    const scheme = this.#options.tls === undefined ? "http" : "https";
    if ("path" in address) return `${scheme}+unix:${address.path}`;
    return `${scheme}://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#server.connectionCount;
  }

  /**
   * Starts listening. A second call waits for the first.
   *
   * @throws the system's error: EADDRINUSE, EACCES, EADDRNOTAVAIL …
   */
  listen(): Promise<void> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  /** Starts listening if necessary, and serves until `close()`. */
  async serveForever(): Promise<void> {
    await this.listen();
    await this.#closed;
  }

  /**
   * Stops: accepts no new connections, completes requests in progress, then closes everything. A second call waits for the first, and can
   * shorten its time.
   *
   * @param graceSeconds - time for requests in progress; after it they are cut off. @default 30
   */
  close(graceSeconds?: number): Promise<void> {
    if (this.#closing === null) this.#closing = this.#close(graceSeconds);
    else if (graceSeconds !== undefined)
      setTimeout(() => this.#server.destroy(), Math.min(graceSeconds * 1000, 2 ** 31 - 1)).unref();
    return this.#closing;
  }

  async #listen(): Promise<void> {
    const { backlog = 2048, tls = null } = this.#options;
    const path = this.#host.startsWith("unix:") ? this.#host.slice("unix:".length) : null;
    const where =
      path === null
        ? { port: this.#port, ...(this.#host === "" ? {} : { host: this.#host }), backlog }
        : { path, backlog };
    const listener = await this.#server.listen(where, tls);
    const bound = listener.address();
    if (path !== null) this.#address = { path };
    else if (bound !== null && typeof bound === "object") this.#address = { host: bound.address, port: bound.port };
  }

  async #close(graceSeconds?: number): Promise<void> {
    if (this.#listening !== null) {
      await this.#listening.catch(() => {});
      await this.#server.close(graceSeconds);
    }
    if (this.#address !== null && "path" in this.#address) await rm(this.#address.path, { force: true });
    this.#whenClosed();
  }
}
