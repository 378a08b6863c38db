// A load generator that loses nothing: every request that was begun is accounted for, with the reason and the time when it failed.
// Load generators for benchmarks hide that (they reconnect and go on).
import { connect, type Socket } from "node:net";
import { inFull } from "../in-full.ts";

const PATIENCE_MILLISECONDS = 15_000;
/** Of load beside which processes start: hundreds of requests a second, since clients that never pause take the processor from those. */
export const BESIDE_STARTS_MILLISECONDS = inFull(10, 0);

/** Where and how to send requests. */
export interface LoadOptions {
  /** Port on 127.0.0.1, or the path of a unix socket. */
  readonly to: number | string;
  /** Connections at once; each sends its next request when it has the answer. */
  readonly connections: number;
  /** Whether connections are used again; otherwise each request says `Connection: close`. */
  readonly isKeepAlive: boolean;
  /** Request target. @default "/" */
  readonly target?: string;
  /** Pause between an answer and the next request, also when that has a connection of its own, in milliseconds. @default 0 */
  readonly pauseMilliseconds?: number;
  /** Nobody listening is no failure but the end: for servers that are stopped. @default false */
  readonly mayRefuse?: boolean;
}

/** A request without a complete answer. */
export interface Failure {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What the clients saw. */
export interface LoadReport {
  /** Complete answers. */
  readonly answers: number;
  readonly failures: readonly Failure[];
  readonly statuses: Readonly<Record<number, number>>;
  /** Connections that were refused, with `mayRefuse`. */
  readonly refused: number;
  /** Bodies by how often they came; at most 1000 different ones. */
  readonly bodies: ReadonlyMap<string, number>;
  /** Of the answers, in milliseconds, sorted. */
  readonly milliseconds: readonly number[];
}

/** Sends requests until it is stopped. */
export class LoadClient {
  readonly #options: LoadOptions;
  readonly #request: string;
  readonly #failures: Failure[] = [];
  readonly #statuses: Record<number, number> = {};
  readonly #bodies = new Map<string, number>();
  readonly #milliseconds: number[] = [];
  #answers = 0;
  #refused = 0;
  #isStopping = false;
  #open: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    const connection = options.isKeepAlive ? "" : "Connection: close\r\n";
    this.#request = `GET ${options.target ?? "/"} HTTP/1.1\r\nHost: load\r\n${connection}\r\n`;
  }

  /** Complete answers so far. */
  get answers(): number {
    return this.#answers;
  }

  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** Begins. */
  start(): this {
    this.#open = Array.from({ length: this.#options.connections }, () => this.#work());
    return this;
  }

  /** Waits for the answers of all requests that were begun. */
  async stop(): Promise<LoadReport> {
    this.#isStopping = true;
    await Promise.all(this.#open);
    return {
      answers: this.#answers,
      failures: this.#failures,
      statuses: this.#statuses,
      refused: this.#refused,
      bodies: this.#bodies,
      milliseconds: this.#milliseconds.toSorted((a, b) => a - b),
    };
  }

  async #work(): Promise<void> {
    const { to, pauseMilliseconds = 0 } = this.#options;
    let isWanted = true;
    while (isWanted && !this.#isStopping) {
      // One connection after another is the point.
      isWanted = await new Conversation(to, this.#request, pauseMilliseconds, {
        answered: (status, body, milliseconds) => this.#answered(status, body, milliseconds),
        failed: (reason) => this.#failed(reason),
        mayGoOn: () => !this.#isStopping,
      }).end;
      if (pauseMilliseconds > 0) await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  }

  #answered(status: number, body: string, milliseconds: number): void {
    this.#answers += 1;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (this.#bodies.size < 1000 || this.#bodies.has(body)) this.#bodies.set(body, (this.#bodies.get(body) ?? 0) + 1);
    if (this.#milliseconds.length < 200_000) this.#milliseconds.push(milliseconds);
  }

  /** @returns whether to go on with another connection */
  #failed(reason: string): boolean {
    const isRefused = /ECONNREFUSED|ENOENT/.test(reason);
    if (isRefused && this.#options.mayRefuse === true) {
      this.#refused += 1;
      return false;
    }
    this.#failures.push({ reason, at: Date.now() });
    return true;
  }
}

interface Listener {
  answered(status: number, body: string, milliseconds: number): void;
  failed(reason: string): boolean;
  mayGoOn(): boolean;
}

/** One connection: requests and answers in turn until either side ends it. Resolves with whether another one is wanted. */
class Conversation {
  readonly end: Promise<boolean>;
  readonly #socket: Socket;
  readonly #request: string;
  readonly #pause: number;
  readonly #listener: Listener;
  #settle: (isWanted: boolean) => void = () => {};
  #received = "";
  #isWaiting = false;
  #isConnected = false;
  #startedAt = 0;
  #error = "";

  constructor(to: number | string, request: string, pause: number, listener: Listener) {
    this.#request = request;
    this.#pause = pause;
    this.#listener = listener;
    this.end = new Promise((resolve) => (this.#settle = resolve));
    this.#startedAt = performance.now();
    const socket = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to);
    this.#socket = socket;
    socket.setNoDelay(true).setEncoding("latin1");
    socket.setTimeout(PATIENCE_MILLISECONDS, () => socket.destroy(new Error("no answer in time")));
    socket.on("connect", () => {
      this.#isConnected = true;
      this.#send();
    });
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("error", (error: NodeJS.ErrnoException) => (this.#error = error.code ?? error.message));
    socket.on("close", () => this.#closed());
  }

  #send(): void {
    if (this.#isConnected && this.#socket.readyState !== "open") return;
    this.#isWaiting = true;
    if (this.#pause > 0 || this.#startedAt === 0) this.#startedAt = performance.now();
    this.#socket.write(this.#request);
  }

  #receive(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    this.#isWaiting = false;
    this.#listener.answered(Number(head.slice(9, 12)), body, performance.now() - this.#startedAt);
    this.#startedAt = 0;
    if (/\r\nconnection: close/i.test(head) || !this.#listener.mayGoOn()) {
      this.#socket.end();
    } else if (this.#pause === 0) {
      this.#startedAt = performance.now();
      this.#send();
    } else {
      setTimeout(() => {
        if (this.#listener.mayGoOn()) this.#send();
        else this.#socket.end();
      }, this.#pause);
    }
  }

  #closed(): void {
    if (!this.#isWaiting && this.#isConnected) {
      this.#settle(true);
      return;
    }
    const when = this.#isConnected
      ? this.#received === ""
        ? "before the answer"
        : "within the answer"
      : "while connecting";
    this.#settle(this.#listener.failed(`${this.#error === "" ? "end" : this.#error} ${when}`));
  }
}
