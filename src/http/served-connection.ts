// What a server and its connections know of each other, whatever protocol a connection speaks.
import type { Socket } from "node:net";
import type { ProtocolError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Ticker, TickListener } from "./ticker.ts";

/** What all connections of a server share. */
export interface ServerShare {
  readonly limits: Limits;
  readonly ticker: Ticker;
  /** True once the server is stopping: every answer closes its connection. */
  readonly isClosing: boolean;
  /** While it is stopping: time that a connection stays open for one more request behind an answer that has promised it, in seconds. */
  readonly goodbyeSeconds: number;
  /** The connection is gone. */
  closed(): void;
}

/** A connection as its server sees it; from its first moment on a member of the server's ticker. */
export interface ServedConnection extends TickListener {
  /** Nothing is under way, so that the connection may be closed to make room. */
  readonly isIdle: boolean;
  /** Closes the connection: at once between requests, otherwise after the current responses. */
  close(): void;
  /** Cuts the connection, whatever it is doing. */
  destroy(): void;
  /** Turns the peer away before any request was read. */
  refuse(error: ProtocolError): void;
}

/** Serves the sockets of a listener that does not speak HTTP. */
export interface SocketProtocol {
  /** Makes the connection of an accepted socket. */
  serve(socket: Socket, share: ServerShare): ServedConnection;
}

/** Tells connections from the other members of a ticker. */
export function isConnection(member: TickListener): member is ServedConnection {
  return "isIdle" in member;
}
