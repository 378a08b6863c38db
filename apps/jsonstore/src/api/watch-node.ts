// GET with `Accept: text/event-stream`: changes in a node as they happen. Source: WHATWG HTML section 9.2.
import type { WSGIBody } from "tsgi/wsgi";
import { statusLine } from "tsgi/middleware/writing";
import { formatPointer } from "../text/pointer.ts";
import type { ChangeEvent } from "./change-events.ts";
import { reset } from "./change-events.ts";
import type { Exchange } from "./exchange.ts";
import type { ApiSettings } from "./settings.ts";

/** Characters that wait for a client that does not read. */
const MOST_WAITING = 1024 * 1024;
/** Milliseconds of silence after which a comment is sent, so that nothing in between gives up. */
const SILENCE = 15_000;
/** Milliseconds after which a client comes back when the server stops. */
const RETRY = 500;

/** Answers a client that watches. */
export async function watchNode(exchange: Exchange, { feed, stopping }: ApiSettings): Promise<WSGIBody> {
  const { environ, startResponse, path } = exchange;
  const stream = new EventStream(stopping);
  const listener = {
    watched: formatPointer(path),
    take: (events: readonly ChangeEvent[]) => stream.push(events),
  };
  stream.onEnd = await feed.subscribe(listener, lastEventId(environ["HTTP_LAST_EVENT_ID"]));
  startResponse(statusLine(200), [
    ["Content-Type", "text/event-stream"],
    ["Cache-Control", "no-store"],
    ["X-Accel-Buffering", "no"], // nginx would collect them
  ]);
  return stream;
}

function lastEventId(field: string | undefined): number | null {
  return field !== undefined && /^[0-9]{1,15}$/.test(field) ? Number(field) : null;
}

/** Events as they are sent; one text for all who are told the same event. */
const TEXTS = new WeakMap<ChangeEvent, string>();

function textOf(event: ChangeEvent): string {
  const known = TEXTS.get(event);
  if (known !== undefined) return known;
  const text = `id: ${event.id}\nevent: ${event.name}\ndata: ${event.data}\n\n`;
  TEXTS.set(event, text);
  return text;
}

/** Events that wait for one client. */
class EventStream implements AsyncIterableIterator<Uint8Array> {
  onEnd: () => void = () => {};
  readonly #stopping: AbortSignal;
  #waiting: string[] = [];
  #length = 0;
  #wake: (() => void) | null = null;
  #isFirst = true;
  #isOver = false;

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping;
    stopping.addEventListener("abort", this.#stir);
  }

  push(events: readonly ChangeEvent[]): void {
    if (this.#isOver) return;
    for (const event of events) this.#add(event);
    const last = events.at(-1);
    // Who does not read has lost what waited, and is told so: memory has a limit.
    if (this.#length > MOST_WAITING && last !== undefined) {
      this.#waiting = [];
      this.#length = 0;
      this.#add(reset(last.id));
    }
    this.#stir();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    // The head of the answer leaves with its first bytes: until then, who comes back and has missed nothing would not know to be connected.
    const mayWait = !this.#isFirst && !this.#stopping.aborted;
    this.#isFirst = false;
    if (mayWait && this.#length === 0 && !this.#isOver) await this.#somethingOrSilence();
    if (this.#isOver) return { done: true, value: undefined };
    if (this.#length > 0) {
      const text = this.#waiting.join("");
      this.#waiting = [];
      this.#length = 0;
      return { done: false, value: Buffer.from(text) };
    }
    if (!this.#stopping.aborted) return { done: false, value: Buffer.from(": \n\n") };
    this.close();
    return { done: false, value: Buffer.from(`retry: ${RETRY}\n\n`) };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopping.removeEventListener("abort", this.#stir);
    this.onEnd();
    this.#stir();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #add(event: ChangeEvent): void {
    const text = textOf(event);
    this.#waiting.push(text);
    this.#length += text.length;
  }

  readonly #stir = (): void => {
    this.#wake?.();
    this.#wake = null;
  };

  async #somethingOrSilence(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SILENCE);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
