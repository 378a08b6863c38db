// Accepts connections on any number of listeners and gives each to a Connection. Plain TCP, unix sockets, TLS.
import { createServer as createNetServer, type ListenOptions, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { Connection, type ConnectionContext } from "./connection.ts";
import { clientCertificateOf, endpointsBetween, plainAddress, type Endpoints } from "./endpoints.ts";
import { ProtocolError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Variables } from "./head-parser.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { ProxyHeaderParser, type ProxiedAddresses, type ProxyProtocolOptions } from "./proxy-protocol.ts";
import { checkSocketPath } from "./socket-path.ts";
import { Ticker, type Ticking } from "./ticker.ts";

/** Answers the requests. */
export interface ExchangeHandler {
  /** Returns the object that receives the CGI variables of a request on this connection. */
  newVariables(connection: Connection): Variables;
  /** Answers a request through `exchange`. Must not throw. */
  handle(exchange: Exchange, connection: Connection): void;
  /** A request was refused before it was complete; for the log. */
  refused?(error: ProtocolError, connection: Connection): void;
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

const GOODBYE_SECONDS = 1;

/** A TLS socket knows the socket below it, though not officially. */
type Layered = Socket & { readonly _parent?: Socket };

/** The HTTP/1.1 engine: it turns connections into exchanges. */
export class HttpServer implements ConnectionContext {
  readonly limits: Limits;
  readonly ticker = new Ticker();
  readonly #handler: ExchangeHandler;
  readonly #handlerClock: Ticking = { place: -1, tick: (now) => this.#handler.tick?.(now) };
  readonly #listeners = new Set<Server>();
  readonly #proxyProtocol: ProxyProtocolOptions | null;
  /** Sockets before their PROXY header or their TLS handshake is complete. */
  readonly #handshaking = new Set<Socket>();
  /** What PROXY headers said of sockets that now carry TLS. */
  readonly #announced = new WeakMap<Socket, ProxiedAddresses>();
  #connections = 0;
  #isClosing = false;
  #whenEmpty: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  /**
   * @param handler - answers the requests
   * @param options - limits
   */
  constructor(handler: ExchangeHandler, options: HttpServerOptions = {}) {
    this.#handler = handler;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#proxyProtocol = options.proxyProtocol ?? null;
  }

  /** True once `close` was called. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** While the server stops: how long a connection waits for one more request if the last response promised to keep it open. */
  get goodbyeSeconds(): number {
    return GOODBYE_SECONDS;
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
   * @returns the listener, once it listens
   * @throws the system's error (EADDRINUSE, EACCES …); SocketPathError for a path that Node would cut
   */
  async listen(where: ListenOptions & { fd?: number }, tls: TlsOptions | null = null): Promise<Server> {
    if (where.path !== undefined) checkSocketPath(where.path);
    const listener = tls === null ? this.#plainListener() : this.#tlsListener(tls);
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
    listener.on("error", (error) => this.#handler.acceptFailed?.(error));
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
    const listener = tls === null ? this.#plainListener() : this.#tlsListener(tls);
    this.#startClock();
    return (socket) => void listener.emit("connection", socket);
  }

  /** Serves a socket that was accepted elsewhere. */
  accept(socket: Socket): void {
    if (socket.destroyed) return;
    if (this.#proxyProtocol === null) this.#open(socket, null);
    else if ("encrypted" in socket) this.#open(socket, this.#announced.get(carrierOf(socket)) ?? null);
    else {
      this.#readProxyHeader(socket, this.#proxyProtocol, (addresses) => {
        this.#open(socket, addresses);
        socket.resume();
      });
    }
  }

  #open(socket: Socket, addresses: ProxiedAddresses | null): Connection {
    const { maxConnections } = this.limits;
    const connection = new Connection(socket, this, addresses === null ? null : announcedEndpoints(socket, addresses));
    this.#connections += 1;
    if (maxConnections > 0 && this.#connections > maxConnections && !this.#makeRoom(connection)) {
      connection.refuse(new ProtocolError(503, "ERR_HTTP_TOO_MANY_CONNECTIONS", "Too many connections are open"));
    }
    return connection;
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

  async #close(): Promise<void> {
    this.#isClosing = true;
    const closed = [...this.#listeners].map(
      (listener) =>
        new Promise<void>((resolve) => {
          listener.close(() => resolve());
        }),
    );
    this.#listeners.clear();
    for (const connection of this.#allConnections()) connection.close();
    if (this.#connections > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    for (const socket of this.#handshaking) socket.destroy();
    await Promise.all(closed);
    this.ticker.delete(this.#handlerClock);
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const connection of this.#allConnections()) connection.destroy();
    for (const socket of this.#handshaking) socket.destroy();
  }

  newVariables(connection: Connection): Variables {
    return this.#handler.newVariables(connection);
  }

  handle(exchange: Exchange, connection: Connection): void {
    this.#handler.handle(exchange, connection);
  }

  refused(error: ProtocolError, connection: Connection): void {
    this.#handler.refused?.(error, connection);
  }

  closed(): void {
    this.#connections -= 1;
    if (this.#connections === 0) this.#whenEmpty?.();
  }

  #startClock(): void {
    if (this.#handler.tick !== undefined) this.ticker.add(this.#handlerClock);
  }

  #plainListener(): Server {
    return createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
  }

  #tlsListener(options: TlsOptions): Server {
    const handshakeTimeout = Math.min(this.limits.headTimeoutSeconds * 1000, LONGEST_TIMEOUT);
    // ALPNProtocols is left to the caller; without it clients speak HTTP/1.1.
    const listener = createTlsServer({
      handshakeTimeout,
      ...options,
      allowHalfOpen: true,
      noDelay: true,
    } as TlsOptions);
    listener.on("connection", (socket: Socket) => {
      this.#handshaking.add(socket);
      socket.once("close", () => this.#handshaking.delete(socket));
    });
    listener.on("secureConnection", (socket) => this.accept(socket));
    // A failed handshake is the client's affair; the socket is closed by node:tls.
    listener.on("tlsClientError", (_error, socket) => socket.destroy());
    return this.#proxyProtocol === null ? listener : this.#announcedListener(listener, this.#proxyProtocol);
  }

  /** In front of a TLS server that does not listen itself: the PROXY header comes before the handshake. */
  #announcedListener(handshaker: Server, proxyProtocol: ProxyProtocolOptions): Server {
    return createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#readProxyHeader(socket, proxyProtocol, (addresses) => {
        if (addresses !== null) this.#announced.set(socket, addresses);
        socket.on("error", () => socket.destroy());
        handshaker.emit("connection", socket);
      });
    });
  }

  /** Reads the header, if the peer has to send one, and hands the socket on, paused and with what came behind the header. */
  #readProxyHeader(
    socket: Socket,
    { version, isAllowed }: ProxyProtocolOptions,
    next: (addresses: ProxiedAddresses | null) => void,
  ): void {
    if (!isAllowed(plainAddress(socket.remoteAddress ?? ""))) {
      next(null);
      return;
    }
    const parser = new ProxyHeaderParser(version);
    const end = (): void => void socket.destroy();
    const timer = setTimeout(end, Math.min(this.limits.headTimeoutSeconds * 1000, LONGEST_TIMEOUT));
    const take = (chunk: Buffer): void => {
      try {
        const header = parser.feed(chunk);
        if (header === null) return;
        leave();
        socket.pause();
        if (header.rest.length > 0) socket.unshift(header.rest);
        next(header.addresses);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        leave();
        this.#refuseHeader(socket, error);
      }
    };
    const leave = (): void => {
      clearTimeout(timer);
      this.#handshaking.delete(socket);
      socket.off("data", take).off("end", end).off("error", end).off("close", leave);
    };
    this.#handshaking.add(socket);
    socket.on("data", take).on("end", end).on("error", end).on("close", leave);
  }

  /** Nobody knows what the peer speaks, so it gets no answer; the log does. */
  #refuseHeader(socket: Socket, error: ProtocolError): void {
    this.#handler.refused?.(error, this.#open(socket, null));
    socket.destroy();
  }

  #allConnections(): Connection[] {
    const connections: Connection[] = [];
    this.ticker.members.forEach((member) => {
      if (member instanceof Connection) connections.push(member);
    });
    return connections;
  }

  /** Over the limit, an idle connection goes before a new one is turned away. */
  #makeRoom(newcomer: Connection): boolean {
    const idle = this.ticker.members.find(
      (member) => member instanceof Connection && member !== newcomer && member.isIdle,
    );
    (idle as Connection | undefined)?.destroy();
    return idle !== undefined;
  }
}

function carrierOf(socket: Layered): Socket {
  return socket["_parent"] ?? socket;
}

function announcedEndpoints(socket: Socket, addresses: ProxiedAddresses): Endpoints {
  const { localAddress, localPort, remoteAddress, remotePort } = addresses;
  const isSecure = "encrypted" in socket;
  return endpointsBetween(localAddress, localPort, remoteAddress, remotePort, isSecure, clientCertificateOf(socket));
}
