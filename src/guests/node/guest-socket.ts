// A stand-in for the socket of a request: it knows the client's address and can be destroyed. Source: what Express, Koa, Fastify and
// on-finished use of `req.socket`.
import { Duplex } from "node:stream";
import type { WSGIEnvironment } from "../../wsgi/types.ts";

/** Represents the connection of a request. */
export class GuestSocket extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string;
  readonly localPort: number;
  /** Only TLS sockets have it. */
  declare readonly encrypted?: true;
  readonly timeout = 0;

  constructor(environ: WSGIEnvironment) {
    super();
    const { REMOTE_ADDR: address = "", REMOTE_PORT: port = "" } = environ;
    this.remoteAddress = address === "" ? undefined : address;
    this.remotePort = port === "" ? undefined : Number(port);
    this.remoteFamily = address === "" ? undefined : address.includes(":") ? "IPv6" : "IPv4";
    this.localAddress = environ.SERVER_NAME;
    this.localPort = Number(environ.SERVER_PORT);
    if (environ["wsgi.url_scheme"] === "https") Object.assign(this, { encrypted: true });
  }

  getPeerX509Certificate(): undefined {}

  getPeerCertificate(): object {
    return {};
  }

  destroySoon(): void {
    this.destroy();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    callback(new Error("This response has no socket of its own: write to the response"));
  }
}
