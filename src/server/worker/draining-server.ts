// The HTTP engine as a worker drives it: it counts requests, and it can drain without hurting a client whose request is under way.
//
// HttpServer.close() ends idle connections at once. That is right for a server in a script; here a client may have sent its next request
// just now, and would see a reset. So a drain first only announces itself: each answer says `Connection: close`, and idle connections
// stay for a while. Source: RFC 9112 section 9.6.
import type { Server, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Connection } from "../../http/connection.ts";
import type { Exchange } from "../../http/exchange.ts";
import { HttpServer } from "../../http/server.ts";

/** An `HttpServer` that drains. */
export class DrainingServer extends HttpServer {
  /** Requests begun so far. */
  requestCount = 0;
  /** Called when the number of requests reaches `requestLimit`. */
  onRequestLimit: (() => void) | null = null;
  requestLimit = 0;
  /** Called when a socket that was received has ended. */
  onReleased: (() => void) | null = null;
  #isDraining = false;
  #goodbyeSeconds = 0;
  #receive: ((socket: Socket) => void) | null = null;
  #received = 0;
  #held: Socket[] | null = null;
  #whenQuiet: (() => void) | null = null;

  /** True once every answer ends its connection. */
  override get isClosing(): boolean {
    return this.#isDraining || super.isClosing;
  }

  override get goodbyeSeconds(): number {
    return this.#goodbyeSeconds;
  }

  override handle(exchange: Exchange, connection: Connection): void {
    this.requestCount += 1;
    if (this.requestCount === this.requestLimit) this.onRequestLimit?.();
    super.handle(exchange, connection);
  }

  override accept(socket: Socket): void {
    if (this.#held === null) super.accept(socket);
    else this.#held.push(socket);
  }

  override closed(): void {
    super.closed();
    if (this.#isQuiet) this.#whenQuiet?.();
  }

  /** Prepares for sockets that another process accepts. */
  beginReceiving(tls: TlsOptions | null): void {
    this.#receive = this.receiver(tls);
  }

  /** Serves a socket that another process has accepted. */
  receive(socket: Socket): void {
    this.#received += 1;
    // Counted from here on, because one whose handshake fails never becomes a connection.
    socket.once("close", () => {
      this.#received -= 1;
      this.onReleased?.();
      if (this.#isQuiet) this.#whenQuiet?.();
    });
    socket.setNoDelay(true);
    socket.allowHalfOpen = true;
    this.#receive?.(socket);
    socket.resume();
  }

  /** From now on accepted connections wait. Clients who wait open no further connections, so that a queue can be emptied. */
  hold(): void {
    this.#held ??= [];
  }

  /** Serves the connections that have waited. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const socket of held) super.accept(socket);
  }

  /**
   * From now on every answer is the last of its connection. Listeners stay as they are.
   *
   * @param idleSeconds - time that a connection stays open behind an answer that has promised it before
   */
  beginDrain(idleSeconds: number): void {
    this.#isDraining = true;
    this.#goodbyeSeconds = idleSeconds;
  }

  /**
   * Completes what is in hand. Call it when the listeners are closed.
   *
   * @param listeners - closed ones, whose connections are waited for although their handshake is not complete
   * @param idleSeconds - time that idle connections stay open; with 0 they have been ended when the call returns its promise
   * @param graceSeconds - time for everything; what is open then is cut
   */
  async drain(listeners: readonly Server[], idleSeconds: number, graceSeconds: number): Promise<void> {
    const deadline = performance.now() + graceSeconds * 1000;
    this.beginDrain(idleSeconds);
    if (idleSeconds > 0) await Promise.race([this.#quiet(listeners), delay(Math.min(idleSeconds, graceSeconds))]);
    await this.close(Math.max(0, (deadline - performance.now()) / 1000));
  }

  get #isQuiet(): boolean {
    return this.connectionCount === 0 && this.#received === 0;
  }

  /** Resolves when no connection is open. */
  async #quiet(listeners: readonly Server[]): Promise<void> {
    await Promise.all(listeners.map((listener) => new Promise<void>((resolve) => whenClosed(listener, resolve))));
    if (this.#isQuiet) return;
    await new Promise<void>((resolve) => (this.#whenQuiet = resolve));
  }
}

/** A net.Server says so when its last connection has ended; asked again afterwards, it says so at once, as an error. */
function whenClosed(listener: Server, resolve: () => void): void {
  listener.getConnections((_error, count) => {
    if (count > 0) listener.once("close", resolve);
    else resolve();
  });
}

function delay(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000).unref();
  });
}
