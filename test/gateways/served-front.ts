// For tests: an application behind a gateway on a unix socket, and a peer that says what it is told to.
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SocketProtocol } from "../../src/http/served-connection.ts";
import { HttpServer } from "../../src/http/server.ts";
import type { Limits } from "../../src/http/limits.ts";
import { RecordDecoder } from "../../src/protocols/fastcgi/record-decoder.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import type { AccessEntry } from "../../src/gateways/access-entry.ts";
import { ApplicationCalls } from "../../src/gateways/application-calls.ts";

/** A gateway that serves. */
export class ServedFront {
  readonly entries: AccessEntry[] = [];
  readonly errors = new StringErrorStream();
  readonly server: HttpServer;
  calls!: ApplicationCalls; // set before it is given away
  readonly #folder = mkdtempSync(join(tmpdir(), "tsgi-gateway-"));
  readonly #peers: Peer[] = [];

  private constructor(limits: Partial<Limits>) {
    this.server = new HttpServer({ newVariables: () => ({}), handle: () => {} }, { limits });
  }

  static async open(
    makeGateway: (calls: ApplicationCalls) => SocketProtocol,
    application: WSGIApplication,
    limits: Partial<Limits> = {},
  ): Promise<ServedFront> {
    const served = new ServedFront(limits);
    const { entries, errors } = served;
    const calls = new ApplicationCalls(application, { errors, accessLog: (entry) => entries.push(entry) });
    served.calls = calls;
    await served.server.listen({ path: served.path }, null, makeGateway(calls));
    return served;
  }

  async connect(): Promise<Peer> {
    const peer = new Peer(connect({ path: this.path, allowHalfOpen: true }));
    this.#peers.push(peer);
    await peer.isConnected;
    return peer;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    await this.server.close(0);
    rmSync(this.#folder, { recursive: true });
  }

  /** Of the socket. */
  get path(): string {
    return join(this.#folder, "s");
  }
}

/** A connection to a gateway. */
export class Peer {
  readonly isConnected: Promise<void>;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #isEnded = false;
  #news: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.isConnected = new Promise((resolve) => {
      socket.once("connect", () => resolve());
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#news();
    };
    socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#news();
    });
    socket.on("end", end).on("error", end).on("close", end);
  }

  /** All that was received, as latin-1. */
  get text(): string {
    return this.#bytes.toString("latin1");
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** STDOUT of a request of FastCGI. */
  stdout(id: number): string {
    let text = "";
    new RecordDecoder((record) => {
      if (record.type === 6 && record.id === id) text += record.content.toString("latin1");
    }).push(this.#bytes);
    return text;
  }

  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#socket.write(piece);
  }

  end(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits until a text has come so many times. */
  async saw(text: string, times = 1): Promise<void> {
    await this.#until(() => this.text.split(text).length > times, `"${text}"`);
  }

  /** Waits until the other side has ended the connection. */
  async ended(): Promise<void> {
    await this.#until(() => this.#isEnded, "the end");
  }

  #until(isSo: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${what} did not come; what came: ${JSON.stringify(this.text)}`)),
        20_000,
      );
      this.#news = () => {
        const isOver = isSo();
        if (!isOver && !this.#isEnded) return;
        clearTimeout(timer);
        if (isOver) resolve();
        else reject(new Error(`The connection ended before ${what}; what came: ${JSON.stringify(this.text)}`));
      };
      this.#news();
    });
  }
}
