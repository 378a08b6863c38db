// A guest in another language than Python: a Node program that speaks the lane as docs/lane-protocol.md has it, with frames of its own
// making. It takes one request at a time on each lane, and ends with code 9 when it gets a second one. Its application is in node-apps.ts.
import { once } from "node:events";
import { openSync, readFileSync, readSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { constants } from "node:os";
import { runApplication, type ResponseSink } from "../../src/wsgi/handler.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../src/wsgi/input-stream.ts";
import type { Bytes, HeaderList, WSGIEnvironment } from "../../src/wsgi/types.ts";
import { application, ENDS_BEFORE_START } from "./node-apps.ts";
import type { NodeOptions } from "./node-language.ts";

interface Options {
  readonly socket: string;
  readonly status: string;
  readonly token: string;
  readonly slots: number;
  readonly process: number;
  readonly threads: number;
  readonly multiprocess: boolean;
  readonly language: NodeOptions;
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly aux: number;
  readonly head: string;
  readonly body: Buffer;
}

const [REQUEST, BODY, STOP] = [1, 2, 32];
const [HELLO, RESPONSE, CHUNK, FAIL, LOG, READ, HINTS, READY] = [64, 65, 66, 67, 68, 69, 71, 96];
const [END, BODY_FILE, GONE, BODY_STREAM, JSON_VALUES, HAS_HINTS] = [1, 2, 2, 4, 8, 16];

const SENDABLE = /^[\t -~\u{80}-\u{ff}]*$/u;

const options = JSON.parse(readFileSync(0, "utf8")) as Options;
const { status } = options.language;
const file = status === "none" ? -1 : openSync(options.status, "r+");
const lanes: Lane[] = [];

function frame(type: number, id: number, flags = 0, head = "", body: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(head.length + body.length, 0);
  header.writeUInt32LE(id, 4);
  header.writeUInt32LE(head.length, 8);
  header[12] = type;
  header[13] = flags;
  return Buffer.concat([header, Buffer.from(head, "latin1"), body]);
}

async function* framesOf(socket: Socket): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 16 && rest.length >= 16 + rest.readUInt32LE(0)) {
      const [end, id, headEnd] = [16 + rest.readUInt32LE(0), rest.readUInt32LE(4), 16 + rest.readUInt32LE(8)];
      const [head, body] = [rest.toString("latin1", 16, headEnd), rest.subarray(headEnd, end)];
      yield { type: rest.readUInt8(12), flags: rest.readUInt8(13), aux: rest.readUInt16LE(14), id, head, body };
      rest = rest.subarray(end);
    }
  }
}

function open(lane: number, more: object): Socket {
  const socket = connect(options.socket);
  const { token, process: number } = options;
  const hello = { protocol: 1, token, process: number, lane, ...more };
  socket.write(frame(HELLO, 0, 0, "", Buffer.from(JSON.stringify(hello))));
  return socket;
}

/** One lane, and the answer that it is at. */
class Lane implements ResponseSink {
  readonly #slot: number;
  readonly #socket: Socket;
  #id = 0;
  #head = "";
  #isBegun = false;
  #read: ((piece: Buffer | null) => void) | null = null;
  /** What it is at, for dumps. */
  path = "";

  constructor(index: number) {
    this.#slot = options.process * options.threads + index;
    this.#socket = open(index, { thread: `lane ${index}`, maxBatch: 1, status });
  }

  async serve(): Promise<void> {
    for await (const { type, id, flags, aux, head, body } of framesOf(this.#socket)) {
      if (type === BODY) this.#read?.((flags & END) === 0 || body.length > 0 ? body : null);
      if (type !== REQUEST) continue;
      if (this.#id !== 0) process.exit(9);
      this.#id = id;
      this.#isBegun = false;
      this.#answer(head, aux, flags, body);
    }
  }

  #answer(head: string, pairs: number, flags: number, body: Buffer): void {
    const words = head.split("\0");
    const environ = { ...this.#ownKeys(flags, body) };
    for (let at = 0; at < pairs * 2; at += 2) environ[words[at] ?? ""] = words[at + 1];
    if ((flags & JSON_VALUES) !== 0) Object.assign(environ, JSON.parse(String(environ["tsgi.json"])));
    this.path = String(environ.PATH_INFO);
    if (this.path === ENDS_BEFORE_START) process.exit(8);
    if (file !== -1) writeSync(file, new Uint32Array([this.#id]), 0, 4, this.#slot * 4);
    const left = new AbortController();
    environ["tsgi.signal"] = left.signal;
    const id = this.#id;
    const run = runApplication(application, environ as WSGIEnvironment, this);
    const look = setInterval(() => {
      if (this.#id !== id) clearInterval(look);
      else if (this.#isUnwanted()) {
        left.abort();
        run.abort(new Error("The client has left"));
        this.#over(frame(FAIL, id, END | GONE));
      }
    }, 5);
  }

  #ownKeys(flags: number, body: Buffer): Partial<WSGIEnvironment> {
    const id = this.#id;
    const log = (text: string): void => void this.#socket.write(frame(LOG, id, 0, "", Buffer.from(text)));
    const hints = (headers: HeaderList): void =>
      void this.#socket.write(frame(HINTS, id, 0, "", Buffer.from(headers.flat().join("\0"), "latin1")));
    return {
      "wsgi.version": [1, 0],
      "wsgi.input": this.#input(flags, body),
      "wsgi.input_terminated": true,
      "wsgi.errors": { write: log, writelines: (lines) => log([...lines].join("")), flush() {} },
      "wsgi.multithread": options.threads > 1,
      "wsgi.multiprocess": options.multiprocess,
      "wsgi.run_once": false,
      ...((flags & HAS_HINTS) === 0 ? {} : { "wsgi.early_hints": hints }),
    };
  }

  #input(flags: number, body: Buffer): WSGIInputStream {
    if ((flags & BODY_STREAM) !== 0) return new WSGIInputStream({ pull: () => this.#pull() });
    let rest: Buffer | null = (flags & BODY_FILE) === 0 ? body : readFileSync(body.toString());
    if (rest.length === 0) return EMPTY_INPUT as WSGIInputStream;
    return new WSGIInputStream({
      pull() {
        const piece = rest;
        rest = null;
        return piece;
      },
    });
  }

  #pull(): Promise<Buffer | null> {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(65_536);
    this.#socket.write(frame(READ, this.#id, 0, "", size));
    return new Promise((resolve) => {
      this.#read = resolve;
    });
  }

  #isUnwanted(): boolean {
    const word = new Uint32Array(1);
    if (file !== -1) readSync(file, word, 0, 4, (options.slots + this.#slot) * 4);
    return word[0] === this.#id;
  }

  #over(last: Buffer): void {
    this.#id = 0;
    this.#socket.write(last);
  }

  announce(text: string, headers: HeaderList): void {
    const words = [text, ...headers.flat()];
    if (!words.every((word) => SENDABLE.test(word))) throw new Error("A header has a character that may not be sent");
    this.#head = words.join("\0");
  }

  sendWhole(chunk: Bytes): void {
    this.#over(frame(RESPONSE, this.#id, END, this.#head, chunk));
  }

  send(chunk: Bytes): boolean {
    const [type, head] = this.#isBegun ? [CHUNK, ""] : [RESPONSE, this.#head];
    this.#isBegun = true;
    return this.#socket.write(frame(type ?? CHUNK, this.#id, 0, head, chunk));
  }

  async drained(): Promise<void> {
    if (this.#socket.writableNeedDrain) await once(this.#socket, "drain");
  }

  finish(): void {
    this.#over(frame(CHUNK, this.#id, END));
  }

  fail(error: unknown): void {
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    this.#over(frame(FAIL, this.#id, END, Buffer.from(message).toString("latin1"), Buffer.from(stack)));
  }
}

async function main(): Promise<void> {
  const dump = { signal: constants.signals.SIGUSR2, format: "lines" };
  process.on("SIGUSR2", () => void writeSync(3, lanes.map(({ path }) => `at ${path}\n`).join("")));
  const control = open(-1, { pid: process.pid, language: "Node", version: process.version, dump });
  for (let index = 0; index < options.threads; index += 1) lanes.push(new Lane(index));
  for (const lane of lanes) void lane.serve();
  const ready = { pid: process.pid, address: null, modules: [], hooks: [] };
  for (const [type, message] of options.language.says ?? [[READY, ready]])
    control.write(frame(type, 0, 0, "", Buffer.from(JSON.stringify(message))));
  for await (const { type } of framesOf(control)) if (type === STOP) break;
  process.exit(0);
}

await main();
