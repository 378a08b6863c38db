// A client that sends and receives bytes and understands nothing, step by step; for tests in which both sides take turns.
import { connect, type Socket } from "node:net";

import { onTestFinished } from "vitest";

import type { ServerAddress } from "../../src/testing/socket-transport.ts";

/** An open connection to a server. */
export class Wire {
  readonly socket: Socket;
  #text = "";
  #end: "closed" | "reset" | null = null;
  #hasNews: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#hasNews();
    });
    socket.on("end", () => this.#over("closed"));
    socket.on("error", () => this.#over("reset"));
    socket.on("close", () => this.#over("closed"));
    onTestFinished(() => {
      socket.destroy();
    });
  }

  /** Connects. */
  static open(address: ServerAddress): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Wire(socket));
      });
    });
  }

  /** All that was received, as latin-1. */
  get text(): string {
    return this.#text;
  }

  /** How the server ended the connection; null while it has not. */
  get ending(): "closed" | "reset" | null {
    return this.#end;
  }

  /** The statuses of all answers received so far. */
  get statuses(): number[] {
    return statusesOf(this.#text);
  }

  /** Sends bytes; a string is taken as latin-1. */
  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  /** Ends our side only. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /**
   * Waits for a text, or for a condition on all that was received.
   *
   * @throws Error when the server ends the connection first
   */
  async until(what: string | ((text: string) => boolean)): Promise<string> {
    const isThere = typeof what === "string" ? (text: string) => text.includes(what) : what;
    while (!isThere(this.#text)) {
      if (this.#end !== null)
        throw new Error(
          `Connection ${this.#end} before ${String(what)}; got ${JSON.stringify(this.#text.slice(0, 500))}`,
        );
      await this.#news();
    }
    return this.#text;
  }

  /** Waits until the server ends the connection; gives all that was received. */
  async ended(): Promise<string> {
    while (this.#end === null) await this.#news();
    return this.#text;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#hasNews = resolve;
    });
  }

  #over(how: "closed" | "reset"): void {
    this.#end ??= how;
    this.#hasNews();
  }
}

/** The statuses of a row of answers, interim ones included. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 ([0-9]{3}) /g)].map((match) => Number(match[1]));
}

/** The bodies of a row of answers of which each has a Content-Length. */
export function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  let rest = text;
  while (rest !== "") {
    const end = rest.indexOf("\r\n\r\n");
    const length = Number(/content-length: ([0-9]+)/i.exec(rest.slice(0, end + 2))?.[1] ?? Number.NaN);
    if (end === -1 || Number.isNaN(length))
      throw new Error(`No answer with a Content-Length: ${JSON.stringify(rest.slice(0, 500))}`);
    bodies.push(rest.slice(end + 4, end + 4 + length));
    rest = rest.slice(end + 4 + length);
  }
  return bodies;
}
