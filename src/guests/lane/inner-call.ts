// A filter in a guest around an application on this side: the guest calls the inner application back over the request's lane.
// The exchange is half-duplex: each side waits for the other, so nothing is buffered. Source: docs/lane-protocol.md, "Inner applications".
import { Buffer } from "node:buffer";
import { checkHeaders, checkStatus } from "../../wsgi/head-rules.ts";
import { decodeEnviron, encodeHead } from "../../protocols/lane/environ-text.ts";
import { asciiJson } from "../../protocols/lane/environ-json.ts";
import { FrameFlag, FrameType, frameHeader, type LaneFrame } from "../../protocols/lane/frame.ts";
import { receiveChanges, SHARED_KEY, sharedValueOf } from "../../protocols/lane/shared-value.ts";
import { runApplication, type ApplicationRun, type ResponseSink } from "../../wsgi/handler.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import type { Bytes, HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";
import { GuestClientGone } from "./errors.ts";
import type { GuestExchange } from "./guest-exchange.ts";

const ASK_BYTES = 262_144;

/** One call of the inner application. */
export class InnerCall implements ResponseSink {
  readonly #id: number;
  readonly #number: number;
  readonly #language: string;
  readonly #write: (text: string, body: Uint8Array | null) => void;
  readonly #run: ApplicationRun | null = null;
  /** The guest's last known version of each shared value, by key. */
  readonly #known = new Map<string, string>();
  readonly #original: WSGIEnvironment;
  #head = "";
  #isHeadSent = false;
  #isOver = false;
  /** The guest waits for the response or for a chunk; whichever comes first is sent. */
  #isAsked = true;
  /** A chunk that arrived while the guest was busy; the application waits until it is sent. */
  #held: { chunk: Bytes; isLast: boolean } | null = null;
  #room: (() => void) | null = null;
  #given: { resolve: (chunk: Buffer | null) => void; reject: (error: Error) => void } | null = null;

  /**
   * Starts the inner application.
   *
   * @param exchange - the request that the filter works on
   * @param frame - the `call` frame
   * @param language - of the guest
   * @param write - sends text and bytes on the lane
   */
  constructor(
    exchange: GuestExchange,
    frame: LaneFrame,
    language: string,
    write: (text: string, body: Uint8Array | null) => void,
  ) {
    this.#language = language;
    this.#id = frame.id;
    this.#number = frame.aux;
    this.#write = write;
    this.#original = exchange.environ;
    let environ: WSGIEnvironment;
    try {
      if (exchange.inner === null) throw new Error("There is no inner application");
      environ = this.#environ(exchange.environ, frame);
    } catch (error) {
      this.fail(error); // the guest waits for an answer
      return;
    }
    this.#run = runApplication(exchange.inner, environ, this);
  }

  /** The environ as the filter changed it, plus our values that cannot be serialised. */
  #environ(original: WSGIEnvironment, frame: LaneFrame): WSGIEnvironment {
    // A call starts with four bytes: the number of pairs.
    const pairs = frame.head.charCodeAt(0) | (frame.head.charCodeAt(1) << 8) | (frame.head.charCodeAt(2) << 16);
    const changed = decodeEnviron(frame.body.toString("latin1"), pairs);
    if (changed === null) throw new Error("The environ of the call is malformed");
    const { [SHARED_KEY]: changes, ...environ } = changed;
    receiveChanges(original, parsedChanges(changes));
    for (const key in original) {
      const value = original[key];
      const shared = sharedValueOf(value);
      if (shared !== null) this.#known.set(key, shared.share());
      const isOurs =
        key.startsWith("wsgi.") || key === "tsgi.signal" || typeof value === "function" || isInstance(value);
      if (isOurs && !(key in changed)) environ[key] = value;
    }
    environ["wsgi.input"] = new WSGIInputStream({ pull: () => this.#pullInput() });
    return environ as WSGIEnvironment; // every key of the contract is among the original's
  }

  /** Handles a frame of the call. */
  receive(frame: LaneFrame): void {
    if (frame.aux !== this.#number || this.#isOver) return;
    if (frame.type === FrameType.give) {
      const given = this.#given;
      this.#given = null;
      given?.resolve((frame.flags & FrameFlag.end) === 0 ? frame.body : null);
    } else if (frame.type === FrameType.pull) {
      this.#isAsked = true;
      this.#flush();
    } else {
      this.end();
    }
  }

  /** The guest is no longer interested, or the request is over. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#given?.reject(new GuestClientGone(this.#language));
    this.#room?.();
    this.#run?.abort(new GuestClientGone(this.#language));
  }

  announce(status: string, headers: HeaderList): void {
    // Here, because a NUL in it would become another header on the way, and a character beyond latin-1 another one.
    checkStatus(status);
    checkHeaders(headers);
    this.#head = encodeHead(status, headers);
  }

  sendWhole(chunk: Bytes): void {
    this.#held = { chunk, isLast: true };
    this.#flush();
  }

  send(chunk: Bytes): boolean {
    this.#held = { chunk: this.#held === null ? chunk : Buffer.concat([this.#held.chunk, chunk]), isLast: false };
    this.#flush();
    return this.#held === null;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#room = resolve;
      if (this.#held === null || this.#isOver) this.#makeRoom();
    });
  }

  finish(): void {
    this.#held = { chunk: this.#held?.chunk ?? new Uint8Array(0), isLast: true };
    this.#flush();
  }

  fail(error: unknown): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const body = Buffer.from(text);
    this.#isOver = true;
    this.#write(frameHeader(FrameType.failed, this.#id, 0, body.length, FrameFlag.end, this.#number), body);
  }

  #flush(): void {
    const held = this.#held;
    if (held === null || !this.#isAsked || this.#isOver) return;
    this.#held = null;
    this.#isAsked = false;
    const { chunk, isLast } = held;
    const flags = isLast ? FrameFlag.end : 0;
    if (this.#isHeadSent) {
      this.#write(frameHeader(FrameType.piece, this.#id, 0, chunk.length, flags, this.#number), chunk);
    } else {
      this.#isHeadSent = true;
      this.#refresh();
      this.#write(
        frameHeader(FrameType.answer, this.#id, this.#head.length, chunk.length, flags, this.#number) + this.#head,
        chunk,
      );
    }
    if (isLast) this.#isOver = true;
    this.#makeRoom();
  }

  /** Sends the application's changes of shared values to the guest. */
  #refresh(): void {
    const changed: Record<string, string> = {};
    for (const [key, known] of this.#known) {
      const text = sharedValueOf(this.#original[key])?.share() ?? known;
      if (text !== known) changed[key] = text;
    }
    if (Object.keys(changed).length === 0) return;
    const text = asciiJson(changed);
    this.#write(frameHeader(FrameType.refresh, this.#id, 0, text.length, 0, this.#number) + text, null);
  }

  #makeRoom(): void {
    const room = this.#room;
    this.#room = null;
    room?.();
  }

  /** Asks the filter for more of the body; it responds the next time it waits for us. */
  #pullInput(): Promise<Buffer | null> | null {
    if (this.#isOver) return null;
    return new Promise((resolve, reject) => {
      this.#given = { resolve, reject };
      const size = String.fromCharCode(0, 0, ASK_BYTES >>> 16, 0);
      this.#write(frameHeader(FrameType.ask, this.#id, 0, 4, 0, this.#number) + size, null);
    });
  }
}

/** A guest writes each change as text of its own, so that nothing in it is taken for one of the tags of an environ. */
function parsedChanges(changes: unknown): Record<string, unknown> {
  if (typeof changes !== "object" || changes === null) return {};
  return Object.fromEntries(Object.entries(changes).map(([key, text]) => [key, JSON.parse(String(text)) as unknown]));
}

function isInstance(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype !== Object.prototype && prototype !== null && !(value instanceof Uint8Array) && !(value instanceof Date)
  );
}
