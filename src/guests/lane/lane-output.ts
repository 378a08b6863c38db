// What goes out on a lane: batches of requests, each in one write, and answers to what the guest asks for.
import type { Socket } from "node:net";
import type { GuestExchange } from "./guest-exchange.ts";
import { outliveFailedWrites } from "./outlive-failed-writes.ts";
import { RequestFrames } from "./request-frames.ts";

/** Bodies up to this size are sent as part of the batch's text; longer ones as texts would cost more in garbage than they save in calls. */
const TEXT_BODY_BYTES = 1024;

/** The sending side of a lane's socket. */
export class LaneOutput {
  readonly #socket: Socket;
  readonly #frames: RequestFrames;

  /**
   * @param socket - connected
   * @param keys - how many key lists the guest remembers
   */
  constructor(socket: Socket, keys: number) {
    outliveFailedWrites(socket);
    this.#socket = socket;
    this.#frames = new RequestFrames(keys);
  }

  /**
   * Sends requests in one write.
   *
   * @param exchanges - with their ids
   * @param isBatched - whether more may follow before these are answered
   */
  sendRequests(exchanges: readonly GuestExchange[], isBatched: boolean): void {
    let text = "";
    this.#socket.cork();
    for (const exchange of exchanges) {
      text += this.#frames.head(exchange, isBatched);
      const { body } = exchange;
      if (body.kind !== "memory") continue;
      if (body.bytes.length <= TEXT_BODY_BYTES) {
        text += body.bytes.toString("latin1");
      } else {
        this.#socket.write(text, "latin1");
        this.#socket.write(body.bytes);
        text = "";
      }
    }
    if (text !== "") this.#socket.write(text, "latin1");
    this.#socket.uncork();
  }

  /**
   * Sends a frame; nothing once the socket is closed.
   *
   * @param text - latin-1: its header, and its head if there is one
   * @param body - null for none
   */
  send(text: string, body: Uint8Array | null): void {
    if (this.#socket.destroyed) return;
    if (body === null || body.length === 0) {
      this.#socket.write(text, "latin1");
      return;
    }
    this.#socket.cork();
    this.#socket.write(text, "latin1");
    this.#socket.write(body);
    this.#socket.uncork();
  }
}
