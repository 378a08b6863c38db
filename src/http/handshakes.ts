// What a socket goes through before it can carry requests: the PROXY header of a front end, then the TLS handshake.
import { createServer as createNetServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { plainAddress } from "./endpoints.ts";
import { ProtocolError } from "./errors.ts";
import {
  ProxyHeaderParser,
  type ProxiedAddresses,
  type ProxyHeader,
  type ProxyProtocolOptions,
} from "./proxy-protocol.ts";

/** What hears how handshakes end. */
export interface HandshakeListener {
  /**
   * A socket can carry requests. It is paused when more than its PROXY header has come.
   *
   * @param addresses - what its PROXY header said; null when there was none
   */
  ready(socket: Socket, addresses: ProxiedAddresses | null): void;
  /** A PROXY header cannot be read. Nobody knows what the peer speaks, so it gets no answer; its socket is closed next. */
  refused(error: ProtocolError, socket: Socket): void;
  /** No handshake is under way any more. */
  idle(): void;
}

/** What Node's timers can count, in milliseconds; a limit may be endless. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** A TLS socket knows the socket below it, though not officially. */
type Layered = Socket & { readonly _parent?: Socket };

/** The handshakes of a server. */
export class Handshakes {
  readonly #timeoutMilliseconds: number;
  readonly #proxyProtocol: ProxyProtocolOptions | null;
  readonly #listener: HandshakeListener;
  /** Sockets before their PROXY header or their TLS handshake is complete; those with TLS stay as long as they live. */
  readonly #sockets = new Set<Socket>();
  /** What PROXY headers said of sockets that now carry TLS. */
  readonly #announced = new WeakMap<Socket, ProxiedAddresses>();

  /**
   * @param timeoutSeconds - time for a PROXY header, and for a TLS handshake
   * @param proxyProtocol - whose connections begin with a PROXY header; null for nobody's
   */
  constructor(timeoutSeconds: number, proxyProtocol: ProxyProtocolOptions | null, listener: HandshakeListener) {
    this.#timeoutMilliseconds = Math.min(timeoutSeconds * 1000, LONGEST_TIMEOUT);
    this.#proxyProtocol = proxyProtocol;
    this.#listener = listener;
  }

  /** True while no socket goes through a handshake. */
  get isIdle(): boolean {
    return this.#sockets.size === 0;
  }

  /**
   * Makes what accepts sockets; it does not listen yet.
   *
   * @param tls - certificate, key and so on; null for plain sockets
   */
  acceptor(tls: TlsOptions | null): Server {
    return tls === null
      ? createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.begin(socket))
      : this.#tlsAcceptor(tls);
  }

  /** Leads a plain socket, or one whose TLS handshake is complete, to where it can carry requests. */
  begin(socket: Socket): void {
    if (socket.destroyed) return;
    if (this.#proxyProtocol === null) this.#listener.ready(socket, null);
    else if ("encrypted" in socket) this.#listener.ready(socket, this.#announced.get(carrierOf(socket)) ?? null);
    else {
      this.#readProxyHeader(socket, this.#proxyProtocol, (addresses) => this.#listener.ready(socket, addresses));
    }
  }

  /** Cuts every socket that is under way. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #tlsAcceptor(options: TlsOptions): Server {
    // ALPNProtocols is left to the caller; without it clients speak HTTP/1.1.
    const acceptor = createTlsServer({
      handshakeTimeout: this.#timeoutMilliseconds,
      ...options,
      allowHalfOpen: true,
      noDelay: true,
    } as TlsOptions);
    acceptor.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#leave(socket));
    });
    acceptor.on("secureConnection", (socket) => this.begin(socket));
    // A failed handshake is the client's affair; the socket is closed by node:tls.
    acceptor.on("tlsClientError", (_error, socket) => socket.destroy());
    return this.#proxyProtocol === null ? acceptor : this.#announcedAcceptor(acceptor, this.#proxyProtocol);
  }

  /** In front of a TLS server that does not listen itself: the PROXY header comes before the handshake. */
  #announcedAcceptor(handshaker: Server, proxyProtocol: ProxyProtocolOptions): Server {
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
    const timer = setTimeout(end, this.#timeoutMilliseconds);
    const take = (chunk: Buffer): void => {
      let header: ProxyHeader | null;
      try {
        header = parser.feed(chunk);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        stop();
        this.#listener.refused(error, socket);
        socket.destroy();
        this.#leave(socket);
        return;
      }
      if (header === null) return;
      stop();
      // Nobody is told: it goes on at once.
      this.#sockets.delete(socket);
      socket.pause();
      if (header.rest.length > 0) socket.unshift(header.rest);
      next(header.addresses);
    };
    const stop = (): void => {
      clearTimeout(timer);
      socket.off("data", take).off("end", end).off("error", end).off("close", leave);
    };
    const leave = (): void => {
      stop();
      this.#leave(socket);
    };
    this.#sockets.add(socket);
    socket.on("data", take).on("end", end).on("error", end).on("close", leave);
  }

  #leave(socket: Socket): void {
    if (this.#sockets.delete(socket) && this.isIdle) this.#listener.idle();
  }
}

function carrierOf(socket: Layered): Socket {
  return socket["_parent"] ?? socket;
}
