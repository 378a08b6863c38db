// Stands for a socket where a real one would make a test a race: what happens on it, happens when the test says so. The objects above it
// are the real ones.
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/** A socket whose client is the test. */
export class SocketStandIn extends EventEmitter {
  readonly remoteAddress = "192.0.2.7";
  readonly remotePort = 50_000;
  readonly localAddress = "192.0.2.1";
  readonly localPort = 80;
  readonly remoteFamily: string | undefined;
  /** What was handed over to be sent, as latin-1. */
  sent = "";
  /** How many pieces that were. */
  writes = 0;
  /** Handed over, but not taken by the client. */
  writableLength = 0;
  bytesWritten = 0;
  destroyed = false;
  /** Our side is ended, by `end` or `destroySoon`. */
  isEnded = false;
  wasReset = false;
  corks = 0;
  /** While true the client takes nothing. */
  isStuck = false;
  #isPaused = false;

  /** @param remoteFamily - undefined for a unix socket */
  constructor(remoteFamily: string | undefined = "IPv4") {
    super();
    this.remoteFamily = remoteFamily;
  }

  /** As what the engine takes it for. */
  get asSocket(): Socket {
    return this as unknown as Socket; // it has all that the engine uses
  }

  /** The client sends. */
  receive(text: string): void {
    this.emit("data", Buffer.from(text, "latin1"));
  }

  /** The client takes what waits, or some of it. */
  take(bytes = this.writableLength): void {
    this.writableLength -= bytes;
    if (this.writableLength === 0) this.emit("drain");
  }

  write(data: string | Uint8Array): boolean {
    const text = typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    this.sent += text;
    this.writes += 1;
    this.bytesWritten += text.length;
    if (this.isStuck) this.writableLength += text.length;
    return !this.isStuck;
  }

  cork(): void {
    this.corks += 1;
  }

  uncork(): void {
    this.corks -= 1;
  }

  end(): void {
    this.isEnded = true;
  }

  destroySoon(): void {
    this.isEnded = true;
  }

  resetAndDestroy(): void {
    this.wasReset = true;
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  isPaused(): boolean {
    return this.#isPaused;
  }
}
