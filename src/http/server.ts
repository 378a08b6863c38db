// Accepts connections on any number of listeners and gives each to a Connection. Plain TCP, unix sockets, TLS.
//
// It stops in two ways. `close` ends idle connections at once: right for a server in a script. A client may have sent its next request
// just now, though, and would see a reset; so `drain` first only announces itself: each answer says `Connection: close`, and idle
// connections stay for a while. Source: RFC 9112 section 9.6.
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { Connection, type ConnectionOwner, type RequestListener } from "./connection.ts";
import { clientCertificateOf, endpointsBetween, type Endpoints } from "./endpoints.ts";
import { ProtocolError } from "./errors.ts";
import { Handshakes } from "./handshakes.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { ProxiedAddresses, ProxyProtocolOptions } from "./proxy-protocol.ts";
import { isConnection, type ServedConnection, type SocketProtocol } from "./served-connection.ts";
import { checkSocketPath } from "./socket-path.ts";
import { Ticker, type TickListener } from "./ticker.ts";

/** Answers the requests of a server, and hears of its listeners and of time. */
export interface HttpServerListener extends RequestListener {
  /** A listener could not accept, for example because no descriptor was left. It keeps listening. */
  acceptFailed?(error: Error): void;
  /** The engine's clock ticks, twice a second. @param now - seconds since an arbitrary start */
  tick?(now: number): void;
}

/** Options of an `HttpServer`. */
export interface HttpServerOptions {
  /** Overrides of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** Peers that send a PROXY header at the start of each connection, before TLS. @default nobody */
  readonly proxyProtocol?: ProxyProtocolOptions | undefined;
}

/** What Node's timers can count, in milliseconds; a limit may be endless. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time that a connection stays for one more request, where the answer before it has promised so and the server is closed. */
const GOODBYE_SECONDS = 1;

/** The HTTP/1.1 engine: it turns connections into exchanges. */
export class HttpServer {
  readonly #listener: HttpServerListener;
  /** What connections see of their server. */
  readonly #shared: { -readonly [Key in keyof ConnectionOwner]: ConnectionOwner[Key] };
  readonly #clock: TickListener;
  readonly #handshakes: Handshakes;
  readonly #listeners = new Set<Server>();
  /** Serve what waits; null while nothing has to wait. */
  #held: (() => void)[] | null = null;
  #connections = 0;
  #whenEmpty: (() => void)[] = [];
  #closed: Promise<void> | null = null;

  /**
   * @param listener - answers the requests
   * @param options - limits
   */
  constructor(listener: HttpServerListener, options: HttpServerOptions = {}) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#listener = listener;
    this.#clock = { place: -1, tick: (now) => listener.tick?.(now) };
    this.#shared = {
      limits,
      ticker: new Ticker(),
      listener,
      isClosing: false,
      goodbyeSeconds: GOODBYE_SECONDS,
      closed: () => {
        this.#connections -= 1;
        this.#tellIfEmpty();
      },
    };
    this.#handshakes = new Handshakes(limits.headTimeoutSeconds, options.proxyProtocol ?? null, {
      ready: (socket, addresses) => this.#ready(socket, addresses),
      refused: (error, socket) => listener.refused?.(error, this.#serve(socket, null)),
      idle: () => this.#tellIfEmpty(),
    });
  }

  /** True once every answer ends its connection. */
  get isClosing(): boolean {
    return this.#shared.isClosing;
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#connections;
  }

  /**
   * Listens and accepts.
   *
   * @param where - host and port, path, or descriptor, as for `net.Server.listen`; `backlog` is honoured for each
   * @param tls - certificate, key and so on, to speak TLS on this listener
   * @param protocol - what its connections speak in place of HTTP, without TLS and without a PROXY header
   * @returns the listener, once it listens
   * @throws the system's error (EADDRINUSE, EACCES …); SocketPathError for a path that Node would cut
   */
  async listen(
    where: ListenOptions & { fd?: number },
    tls: TlsOptions | null = null,
    protocol: SocketProtocol | null = null,
  ): Promise<Server> {
    if (where.path !== undefined) checkSocketPath(where.path);
    const listener =
      protocol === null
        ? this.#handshakes.acceptor(tls)
        : createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#begin(socket, protocol));
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      const ready = (): void => {
        listener.off("error", reject);
        resolve();
      };
      // With a descriptor, the backlog counts only as an argument of its own.
      if (where.fd === undefined) listener.listen(where, ready);
      else listener.listen({ fd: where.fd }, where.backlog ?? 2048, ready);
    });
    listener.on("error", (error) => this.#listener.acceptFailed?.(error));
    this.#listeners.add(listener);
    this.#startClock();
    return listener;
  }

  /**
   * For sockets that another process accepts.
   *
   * @param tls - to speak TLS on them
   * @returns what serves such a socket as a listener's own: with PROXY header and TLS handshake
   */
  receiver(tls: TlsOptions | null = null): (socket: Socket) => void {
    const acceptor = this.#handshakes.acceptor(tls);
    this.#startClock();
    return (socket) => void acceptor.emit("connection", socket);
  }

  /** Serves a socket that was accepted elsewhere. @param protocol - what it speaks in place of HTTP */
  accept(socket: Socket, protocol: SocketProtocol | null = null): void {
    if (protocol === null) this.#handshakes.begin(socket);
    else this.#begin(socket, protocol);
  }

  /** From now on accepted connections wait. Clients who wait open no further connections, so that a queue can be emptied. */
  hold(): void {
    this.#held ??= [];
  }

  /** Serves the connections that have waited. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const serve of held) serve();
  }

  /**
   * From now on every answer is the last of its connection. Listeners stay as they are.
   *
   * @param idleSeconds - time that a connection stays open behind an answer that has promised it before
   */
  beginDrain(idleSeconds: number): void {
    this.#shared.isClosing = true;
    this.#shared.goodbyeSeconds = idleSeconds;
  }

  /**
   * Stops without hurting a client whose request is under way. Call it when the listeners are closed, or it closes them in the end.
   *
   * @param idleSeconds - time that idle connections stay open; with 0 they have been ended when the call returns its promise
   * @param graceSeconds - time for everything; what is open then is cut
   */
  async drain(idleSeconds: number, graceSeconds: number): Promise<void> {
    const deadline = performance.now() + graceSeconds * 1000;
    this.beginDrain(idleSeconds);
    if (idleSeconds > 0) await Promise.race([this.#empty(), delay(Math.min(idleSeconds, graceSeconds))]);
    await this.close(Math.max(0, (deadline - performance.now()) / 1000));
  }

  /**
   * Stops: closes listeners and idle connections, and every connection after its current response. A second call waits for the first, and
   * can shorten its time.
   *
   * @param graceSeconds - time to complete answers; connections that are still open then are cut
   */
  close(graceSeconds = 30): Promise<void> {
    const timer = setTimeout(() => this.destroy(), Math.min(graceSeconds * 1000, LONGEST_TIMEOUT));
    this.#closed ??= this.#close();
    return this.#closed.finally(() => clearTimeout(timer));
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const connection of this.#allConnections()) connection.destroy();
    this.#handshakes.destroy();
  }

  async #close(): Promise<void> {
    this.#shared.isClosing = true;
    const closed = [...this.#listeners].map(
      (listener) =>
        new Promise<void>((resolve) => {
          listener.close(() => resolve());
        }),
    );
    this.#listeners.clear();
    for (const connection of this.#allConnections()) connection.close();
    while (this.#connections > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty.push(resolve);
      });
    }
    this.#handshakes.destroy();
    await Promise.all(closed);
    this.#shared.ticker.delete(this.#clock);
  }

  /** Resolves when no connection is open, nor about to be. */
  async #empty(): Promise<void> {
    while (this.#connections > 0 || !this.#handshakes.isIdle) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty.push(resolve);
      });
    }
  }

  #tellIfEmpty(): void {
    if (this.#connections > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }

  #ready(socket: Socket, addresses: ProxiedAddresses | null): void {
    if (this.#held === null) this.#serve(socket, addresses);
    else this.#hold(socket, () => this.#serve(socket, addresses));
  }

  #begin(socket: Socket, protocol: SocketProtocol): void {
    const serve = (): ServedConnection => this.#count(socket, protocol.serve(socket, this.#shared));
    if (this.#held === null) serve();
    else this.#hold(socket, serve);
  }

  #hold(socket: Socket, serve: () => void): void {
    // One whose client does not wait is over before it is served.
    socket.on("error", () => socket.destroy());
    this.#held?.push(() => void (socket.destroyed || serve()));
  }

  #serve(socket: Socket, addresses: ProxiedAddresses | null): Connection {
    const endpoints = addresses === null ? null : announcedEndpoints(socket, addresses);
    return this.#count(socket, new Connection(socket, this.#shared, endpoints));
  }

  #count<T extends ServedConnection>(socket: Socket, connection: T): T {
    const { maxConnections } = this.#shared.limits;
    this.#connections += 1;
    if (maxConnections > 0 && this.#connections > maxConnections && !this.#makeRoom(connection)) {
      connection.refuse(new ProtocolError(503, "ERR_HTTP_TOO_MANY_CONNECTIONS", "Too many connections are open"));
    }
    if (socket.isPaused()) socket.resume();
    return connection;
  }

  #startClock(): void {
    if (this.#listener.tick !== undefined) this.#shared.ticker.add(this.#clock);
  }

  #allConnections(): ServedConnection[] {
    const connections: ServedConnection[] = [];
    this.#shared.ticker.members.forEach((member) => {
      if (isConnection(member)) connections.push(member);
    });
    return connections;
  }

  /** Over the limit, an idle connection goes before a new one is turned away. */
  #makeRoom(newcomer: ServedConnection): boolean {
    const idle = this.#shared.ticker.members.find(
      (member) => isConnection(member) && member !== newcomer && member.isIdle,
    );
    (idle as ServedConnection | undefined)?.destroy();
    return idle !== undefined;
  }
}

function announcedEndpoints(socket: Socket, addresses: ProxiedAddresses): Endpoints {
  const { localAddress, localPort, remoteAddress, remotePort } = addresses;
  const isSecure = "encrypted" in socket;
  return endpointsBetween(localAddress, localPort, remoteAddress, remotePort, isSecure, clientCertificateOf(socket));
}

function delay(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000).unref();
  });
}
