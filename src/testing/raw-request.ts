// Sends exact bytes to a server and gives back exact bytes: for tests of the protocol itself, where a client that understands
// HTTP would be in the way.

import { type Socket, connect } from "node:net";
import type { ServerAddress } from "./socket-transport.ts";

/** How the bytes are sent, and when to stop listening. */
export interface RawRequestOptions {
  /** Sends pieces of this many bytes, or cuts at these offsets; each piece in its own turn of the event loop. @default one piece */
  readonly split?: number | readonly number[];
  /** Closes the client's sending side (FIN) after the last byte. @default false */
  readonly halfClose?: boolean;
  /** Stops after this many milliseconds without a byte from the server. @default 5000 */
  readonly timeoutMs?: number;
  /** Stops as soon as this returns true for all text (latin-1) received so far. This saves waiting on a keep-alive connection. */
  readonly until?: (received: string) => boolean;
}

/** The bytes that came back. */
export interface RawExchange {
  readonly bytes: Buffer;
  /** The bytes as latin-1. */
  readonly text: string;
  /** How it ended: the server closed the connection normally, cut it, sent nothing for too long, or `until` returned true. */
  readonly end: "closed" | "reset" | "idle" | "until";
}

/**
 * Opens a connection, sends the bytes, and collects the reply until the server closes the connection or sends nothing more.
 *
 * @param address - where the server listens
 * @param data - the bytes; a string is taken as latin-1
 * @throws the connection's error when no connection could be made
 */
export async function rawRequest(
  address: ServerAddress,
  data: Uint8Array | string,
  options: RawRequestOptions = {},
): Promise<RawExchange> {
  const { halfClose = false, split, timeoutMs = 5000, until } = options;
  const socket = await open(address);
  const received = collect(socket, timeoutMs, until);
  for (const piece of pieces(typeof data === "string" ? Buffer.from(data, "latin1") : data, split)) {
    if (socket.destroyed) break;
    socket.write(piece);
    await new Promise(setImmediate);
  }
  if (halfClose) socket.end();
  return received;
}

function open(address: ServerAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, allowHalfOpen: true });
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

function collect(socket: Socket, timeoutMs: number, until: RawRequestOptions["until"]): Promise<RawExchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const stop = (end: RawExchange["end"]): void => {
      socket.destroy();
      const bytes = Buffer.concat(chunks);
      resolve({ bytes, text: bytes.toString("latin1"), end });
    };
    socket.setTimeout(timeoutMs, () => stop("idle"));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (until?.(Buffer.concat(chunks).toString("latin1"))) stop("until");
    });
    socket.on("end", () => stop("closed"));
    socket.on("error", () => stop("reset"));
  });
}

function* pieces(data: Uint8Array, split: RawRequestOptions["split"]): Generator<Uint8Array> {
  const cuts = typeof split === "number" ? everyBytes(data.length, split) : [...(split ?? [])];
  let start = 0;
  for (const cut of [...cuts, data.length]) {
    if (cut > start) yield data.subarray(start, cut);
    start = Math.max(start, cut);
  }
}

function everyBytes(length: number, size: number): number[] {
  return Array.from({ length: Math.ceil(length / size) }, (_, index) => index * size);
}
