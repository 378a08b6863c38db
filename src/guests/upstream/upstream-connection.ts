// One connection to an upstream. It carries one request at a time, and tells who has it what happens.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Output } from "../../http/output.ts";
import { listenToSocket, type SocketListener } from "../../http/socket-events.ts";
import type { UpstreamAddress } from "./upstream-address.ts";
import type { UpstreamPeer } from "./upstream-peer.ts";

/** An address with its connections. */
export type ConnectedPeer = UpstreamPeer<UpstreamConnection>;

/** Who has a connection. */
export interface ConnectionUser {
  /** It is made now; bytes that cannot be sent twice may be sent. */
  connected(): void;
  received(chunk: Buffer): void;
  /** The upstream sends no more. */
  ended(): void;
  /** The connection is lost; told once. @param isConnecting - it was never made, so that the upstream has seen nothing */
  lost(error: Error | null, isConnecting: boolean): void;
  /** @param now - of the pool's clock, in seconds */
  tick(now: number): void;
}

/** What hears of connections without a user. */
export interface ConnectionOwner {
  /** It is gone, whoever had it. */
  closed(connection: UpstreamConnection): void;
}

/** A connection. */
export class UpstreamConnection implements SocketListener {
  readonly peer: ConnectedPeer;
  readonly output: Output;
  /** Null while it is idle. */
  user: ConnectionUser | null = null;
  /** Whether it has carried a request before. */
  isReused = false;
  isConnecting = true;
  /** When it must be closed if it is still idle, of the pool's clock, in seconds. */
  idleUntil = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #isGone = false;

  constructor(peer: ConnectedPeer, owner: ConnectionOwner) {
    this.peer = peer;
    this.#owner = owner;
    // The answer may go on when the upstream has heard enough, and the other way round.
    this.#socket = open(peer.address);
    // The pool keeps the process alive while there are requests; to tell a socket so for each of them would be two more calls of the system's
    // loop.
    this.#socket.unref();
    this.output = new Output(this.#socket);
    listenToSocket(this.#socket, this);
    this.#socket.once(peer.address.tls === null ? "connect" : "secureConnect", () => {
      this.isConnecting = false;
      this.user?.connected();
    });
  }

  /** Holds back what is written until `uncork`, so that it leaves at once. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Writes text of one code point per byte. */
  writeText(text: string): void {
    this.#socket.write(text, "latin1");
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.user = null;
    this.#socket.destroy();
    this.#close();
  }

  received(chunk: Buffer): void {
    // Nobody has asked: whatever it is, the next request must not take it for its answer.
    if (this.user === null) this.destroy();
    else this.user.received(chunk);
  }

  flushed(): void {
    this.output.drain();
  }

  ended(): void {
    if (this.user === null) this.destroy();
    else if (this.isConnecting) this.gone(null);
    else this.user.ended();
  }

  gone(error: Error | null): void {
    const { user, isConnecting } = this;
    this.destroy();
    user?.lost(error, isConnecting);
  }

  #close(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.output.release();
    this.#owner.closed(this);
  }
}

function open({ connect: place, tls }: UpstreamAddress): Socket {
  const options = { ...place, allowHalfOpen: true, noDelay: true };
  if (tls === null) return connect(options);
  const socket = connectTls({ ...options, ...tls });
  socket.setNoDelay(true); // which `tls.connect` does not read
  return socket;
}
