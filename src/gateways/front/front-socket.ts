// The connection of a web server in front, whatever protocol it speaks: output with back-pressure, the clocks that every connection has, and
// an end that does not overtake the last answer. What is said on it is the affair of a `Conversation`.
import type { Socket } from "node:net";
import type { ProtocolError } from "../../http/errors.ts";
import { Output } from "../../http/output.ts";
import type { ServedConnection, ServerShare } from "../../http/served-connection.ts";
import { listenToSocket, type SocketListener } from "../../http/socket-events.ts";

/** What a front says and is told, in one protocol. */
export interface Conversation {
  /** Nothing is under way. */
  readonly isIdle: boolean;
  /** True while nothing more should be read. */
  readonly isFull: boolean;
  /** Takes bytes. Must not throw. */
  received(chunk: Buffer): void;
  /** The front sends no more. */
  ended(): void;
  /** The connection is gone. @param error - that has ended it, if there was one */
  gone(error: Error | null): void;
  /** The server stops: ends what is idle; the rest goes on. */
  close(): void;
  /** Turns the front away. */
  refuse(error: ProtocolError): void;
  /** Looks at its deadlines. @param now - in seconds */
  tick(now: number): void;
}

/** What is read behind our end, and thrown away. */
const LINGER_BYTES = 262_144;

/** A connection. It lives as long as its socket. */
export class FrontSocket implements ServedConnection, SocketListener {
  place = -1;
  readonly share: ServerShare;
  readonly #socket: Socket;
  readonly #output: Output;
  readonly #conversation: Conversation;
  #phase: "open" | "linger" | "closed" = "open";
  #isPaused = false;
  #lingerUntil = 0;
  #discardedBytes = 0;

  /** @param converse - makes the conversation */
  constructor(socket: Socket, share: ServerShare, converse: (own: FrontSocket) => Conversation) {
    this.share = share;
    this.#socket = socket;
    this.#output = new Output(socket);
    this.#conversation = converse(this);
    share.ticker.add(this);
    listenToSocket(socket, this);
  }

  get isIdle(): boolean {
    return this.#phase === "open" && this.#conversation.isIdle && this.#output.isEmpty;
  }

  /** True until our side has been ended. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  close(): void {
    if (this.#phase === "open") this.#conversation.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  refuse(error: ProtocolError): void {
    if (this.#phase === "open") this.#conversation.refuse(error);
  }

  // What a conversation needs.

  /** Sends bytes. @returns false when the front should be waited for */
  write(data: Uint8Array): boolean {
    return this.#phase !== "open" || this.#output.write(data);
  }

  /** Sends latin-1 text, bytes, and text again, at once. @returns false when the front should be waited for */
  writeWithHead(head: string, body: Uint8Array, tail = ""): boolean {
    return this.#phase !== "open" || this.#output.writeWithHead(head, body, tail);
  }

  /** Resolves when there is room, or when nobody waits any more. */
  drained(): Promise<void> {
    return this.#phase === "open" ? this.#output.drained() : Promise.resolve();
  }

  /**
   * Ends our side behind everything that was sent, and listens for a while: a reset could overtake it.
   *
   * @param isAllRead - the front has said all that it has to say, and we have read it. Then no reset can come, and the connection is closed
   *   at once, if the system has all that we sent: to listen costs as much as half of a request
   */
  end(isAllRead = false): void {
    if (this.#phase !== "open") return;
    this.#phase = "linger";
    if (isAllRead && this.#output.isEmpty) {
      this.#socket.destroy();
      return;
    }
    this.#lingerUntil = this.share.ticker.deadline(this.share.limits.lingerSeconds);
    this.#output.end();
    this.#resume();
  }

  /** Closes without another word, so that the front sees that something is missing. */
  breakOff(): void {
    if (this.#phase !== "open") return;
    this.#output.release();
    this.#phase = "linger";
    // On TCP a reset says so even where the end of the connection would be the end of the answer.
    if (this.#socket.remoteFamily === undefined) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Reads on, if the conversation can take more. */
  readOn(): void {
    if (this.#conversation.isFull || !this.#output.hasRoom) this.#pause();
    else this.#resume();
  }

  // What happens on the socket.

  received(chunk: Buffer): void {
    if (this.#phase === "open") {
      this.#conversation.received(chunk);
      if (this.#phase === "open") this.readOn();
    } else if (this.#phase === "linger") {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > LINGER_BYTES) this.#pause();
    }
  }

  flushed(): void {
    this.#output.drain();
    if (this.#phase === "open") this.readOn();
  }

  ended(): void {
    if (this.#phase === "open") this.#conversation.ended();
  }

  gone(error: Error | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.share.ticker.delete(this);
    this.#conversation.gone(error);
    this.#output.release();
    this.share.closed();
  }

  tick(now: number): void {
    if (this.#output.isStalled(now, this.share.limits.writeTimeoutSeconds)) {
      this.#socket.destroy();
    } else if (this.#phase === "open") {
      this.#conversation.tick(now);
    } else if (now >= this.#lingerUntil) {
      if (this.#output.isEmpty) this.#socket.destroy();
      else this.#lingerUntil = this.share.ticker.deadline(this.share.limits.lingerSeconds);
    }
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }
}
