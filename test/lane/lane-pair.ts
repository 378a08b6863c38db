// One lane of the host with the guest's end of it in the hands of a test, in one process; and requests whose answers a test can see.
import { duplexPair, type Duplex } from "node:stream";
import type { Socket } from "node:net";
import { GuestExchange } from "../../src/guests/lane/guest-exchange.ts";
import type { GuestRequestBody } from "../../src/guests/lane/guest-request-body.ts";
import type { LaneHello } from "../../src/guests/lane/hello.ts";
import { Lane, type LaneListener, type LaneOwner } from "../../src/guests/lane/lane.ts";
import { FrameFlag, FrameType, frameText, type LaneFrame } from "../../src/protocols/lane/frame.ts";
import { LaneDecoder } from "../../src/protocols/lane/lane-decoder.ts";
import { mockEnviron, type MockEnvironOptions } from "../../src/testing/mock-environ.ts";
import type { HeaderList, WSGIApplication } from "../../src/wsgi/types.ts";

/** What a frame has beside its type and its request. */
export interface FrameParts {
  readonly head?: string;
  readonly body?: string;
  readonly flags?: number;
  readonly aux?: number;
}

/** The guest's end of a connection. */
export class GuestEnd {
  /** The frames that came and were not asked for yet. */
  readonly frames: LaneFrame[] = [];
  readonly stream: Duplex;
  #waiting: (() => void) | null = null;

  constructor(stream: Duplex) {
    this.stream = stream;
    const decoder = new LaneDecoder((frame) => {
      this.frames.push(frame);
      this.#waiting?.();
    });
    stream.on("data", (chunk: Buffer) => decoder.push(chunk));
    stream.on("error", () => {});
  }

  /** The next frame from the host. */
  async next(): Promise<LaneFrame> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Sends a frame. */
  send(type: number, id: number, { head = "", body = "", flags = 0, aux = 0 }: FrameParts = {}): void {
    this.stream.write(Buffer.from(frameText(type, id, head, body, flags, aux), "latin1"));
  }

  /** Sends a whole answer. */
  respond(id: number, body = "ok"): void {
    this.send(FrameType.response, id, { head: "200 OK", body, flags: FrameFlag.end, aux: 200 });
  }

  /** Sends RETURNED. */
  giveBack(...ids: number[]): void {
    const body = Buffer.concat(ids.map((id) => Buffer.from(Uint32Array.of(id).buffer)));
    this.send(FrameType.returned, 0, { body: body.toString("latin1") });
  }
}

/** A request, and what became of it. */
export interface Asked {
  readonly exchange: GuestExchange;
  /** What it was answered with, in the order of the calls. */
  readonly heads: { readonly status: string; readonly headers: HeaderList }[];
  /** The body, or what there was of it, and the message of the error; read when it is first asked for. */
  readonly text: Promise<string>;
}

/** How a request is made. */
export interface Asking extends MockEnvironOptions {
  readonly id?: number;
  readonly inner?: WSGIApplication;
  readonly arrivedAt?: number;
  readonly guestBody?: GuestRequestBody;
}

/** Makes a request. */
export function asked(asking: Asking = {}): Asked {
  const heads: Asked["heads"] = [];
  const { id = 0, inner = null, arrivedAt = 0, guestBody, ...options } = asking;
  const exchange = new GuestExchange(
    mockEnviron(options),
    (status, headers) => {
      heads.push({ status, headers });
      return () => {};
    },
    inner,
    arrivedAt,
  );
  exchange.id = id;
  if (guestBody !== undefined) exchange.body = guestBody;
  exchange.answer.catch(() => {}); // not every test asks for it
  let text: Promise<string> | null = null;
  return {
    exchange,
    heads,
    get text() {
      return (text ??= textOf(exchange));
    },
  };
}

async function textOf(exchange: GuestExchange): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    const body = await exchange.answer;
    for await (const chunk of body) chunks.push(chunk);
    await body.close?.();
  } catch (error) {
    return `${Buffer.concat(chunks).toString()}!${(error as Error).name}: ${(error as Error).message}`;
  }
  return Buffer.concat(chunks).toString();
}

/** What a lane has told, one word or line for each. */
export type Told = string[];

/** A lane, and the guest's end of it. */
export interface LanePair {
  readonly lane: Lane;
  readonly guest: GuestEnd;
  readonly told: Told;
}

/** Makes a lane. */
export function lanePair(
  hello: Partial<LaneHello> = {},
  more: Partial<LaneOwner & LaneListener> & { readonly answerBytes?: number } = {},
): LanePair {
  const [host, guest] = duplexPair();
  const told: Told = [];
  const owner: LaneOwner & LaneListener = {
    language: "Test",
    isForeign: false,
    wantsRetirement: (reason) => told.push(`retire: ${reason}`),
    ended: (_, error) => told.push(`ended: ${error?.message ?? "hung up"}`),
    logged: (text) => told.push(`log: ${text}`),
    watch: () => told.push("watch"),
    freed: (slot) => told.push(`freed: ${slot}`),
    abort: (slot, id) => told.push(`abort: ${id} in ${slot}`),
    requeue: (exchanges) => told.push(`requeue: ${exchanges.map(({ id }) => id).join(" ")}`),
    measured: () => told.push("measured"),
    answeredIn: (path) => told.push(`answered: ${path}`),
    relieved: () => told.push("relieved"),
    ...more,
  };
  const said: LaneHello = {
    kind: "lane",
    process: 0,
    lane: 0,
    thread: "t",
    keys: 0,
    maxBatch: 64,
    status: "mmap",
    watcher: "guest",
  };
  // What a lane uses of a socket, a duplex stream has.
  const socket = host as unknown as Socket;
  const lane = new Lane(socket, 0, { ...said, ...hello }, more.answerBytes ?? 1000, owner, owner);
  return { lane, guest: new GuestEnd(guest), told };
}

/** Lets all that is on its way between the two ends arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
