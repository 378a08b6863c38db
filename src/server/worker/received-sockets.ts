// Connections that another process has accepted and sent to this one.
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { SocketProtocol } from "../../http/served-connection.ts";
import type { HttpServer } from "../../http/server.ts";

/** Serves received sockets. */
export class ReceivedSockets {
  readonly #server: HttpServer;
  readonly #serve: (socket: Socket) => void;
  readonly #released: () => void;

  /**
   * @param server - serves them as a listener's own
   * @param tls - to speak TLS on them
   * @param released - told when one has ended, also one whose handshake failed and that never became a connection
   */
  constructor(server: HttpServer, tls: TlsOptions | null, released: () => void) {
    this.#server = server;
    this.#serve = server.receiver(tls);
    this.#released = released;
  }

  /** Serves a socket. @param protocol - what it speaks; null for HTTP */
  receive(socket: Socket, protocol: SocketProtocol | null): void {
    socket.once("close", this.#released);
    socket.setNoDelay(true);
    socket.allowHalfOpen = true;
    if (protocol === null) this.#serve(socket);
    else this.#server.accept(socket, protocol);
    socket.resume();
  }
}
