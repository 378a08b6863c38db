// The body of a request from a front: as long as the front has said, within the limits and in time.
import { BodyClock } from "../../http/body-clock.ts";
import { bodyTooLarge, ClientDisconnected, ProtocolError } from "../../http/errors.ts";
import type { Limits } from "../../http/limits.ts";
import { RequestBody, type RequestBodyOwner } from "../../http/request-body.ts";
import type { FrontSocket } from "./front-socket.ts";

/** A body that arrives. */
export class IncomingBody implements RequestBodyOwner {
  /** For the application. */
  readonly reader = new RequestBody(this);
  readonly #socket: FrontSocket;
  readonly #length: number;
  readonly #clock = new BodyClock();
  #isEnded = false;

  /** @param length - as the front has said; -1 when it does not know */
  constructor(socket: FrontSocket, length: number) {
    this.#socket = socket;
    this.#length = length;
  }

  /** True while nothing more should be read. */
  get isFull(): boolean {
    return !this.#isEnded && this.reader.isFull;
  }

  /** True when it is complete, or never will be. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What is missing to its length; endless when the front has not said it. */
  get bytesLeft(): number {
    return this.#length === -1 ? Number.POSITIVE_INFINITY : this.#length - this.reader.bytes;
  }

  /** Takes bytes; those above the announced length are dropped. @returns false when there were such */
  push(data: Buffer): boolean {
    const { bytesLeft } = this;
    const part = data.length > bytesLeft ? data.subarray(0, bytesLeft) : data;
    if (this.#isEnded) return data.length === 0;
    if (part.length > 0) {
      this.reader.push(part);
      if (!this.reader.isWaiting) this.#clock.stop(this.#socket.share.ticker.now);
      const { maxBodyBytes } = this.#limits;
      if (maxBodyBytes > 0 && this.reader.bytes > maxBodyBytes) this.fail(bodyTooLarge(maxBodyBytes));
    }
    return part.length === data.length;
  }

  /** The front has sent all of it. */
  end(): void {
    if (this.#isEnded) return;
    if (this.#length !== -1 && this.bytesLeft > 0) {
      this.fail(new ClientDisconnected("The client disconnected before it had sent the whole request body"));
      return;
    }
    this.#isEnded = true;
    this.reader.end();
  }

  /** It will never be complete. */
  fail(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.reader.fail(error);
  }

  wanted(): void {
    if (this.reader.isWaiting) this.#clock.start(this.#socket.share.ticker.now, this.reader.bytes);
    this.#socket.readOn();
  }

  /** Ends a body that does not come. @param now - in seconds */
  tick(now: number): void {
    if (this.#isEnded || !this.reader.isWaiting || !this.#clock.isOverdue(now, this.reader.bytes, this.#limits)) return;
    this.fail(new ProtocolError(408, "ERR_HTTP_BODY_TIMEOUT", "The request body did not arrive in time"));
  }

  get #limits(): Limits {
    return this.#socket.share.limits;
  }
}
