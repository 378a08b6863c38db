// Server-sent events: a stream of small messages for a page's EventSource. Source: WHATWG HTML section 9.2.
import { FrameworkError } from "./errors.ts";
import { Response } from "./response.ts";

/** A message; text alone is its data. */
export interface ServerSentEvent {
  readonly data?: string;
  /** What the page listens for. @default "message" */
  readonly event?: string;
  /** The browser sends it as Last-Event-ID when it comes back. */
  readonly id?: string;
  /** Milliseconds after which the browser comes back. */
  readonly retry?: number;
  /** A line that the page does not see. */
  readonly comment?: string;
}

/** How events are sent. */
export interface EventsOptions {
  /** Ends the stream: give it `request.signal`. */
  readonly signal?: AbortSignal;
  /** Seconds of silence after which a comment is sent, so that nothing in between gives up; 0 for none. @default 15 */
  readonly keepAliveSeconds?: number;
}

/**
 * Sends events as they come.
 *
 * @example
 * return events(async function* () { for (;;) yield { event: "tick", data: await nextTick() }; }(), { signal: request.signal });
 */
export function events(source: AsyncIterable<ServerSentEvent | string>, options: EventsOptions = {}): Response {
  const { signal, keepAliveSeconds = 15 } = options;
  const stream = new EventStream(source[Symbol.asyncIterator](), keepAliveSeconds * 1000, signal);
  const response = new Response(stream, { type: "text/event-stream" });
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no"); // nginx would collect them
  return response;
}

/** Writes a message as it is sent. @throws FrameworkError for a line end where there can be none */
export function eventText(event: ServerSentEvent | string): string {
  const { comment, event: name, id, retry, data } = typeof event === "string" ? { data: event } : event;
  const lines: string[] = [];
  if (comment !== undefined) lines.push(...comment.split(LINE_END).map((line) => `: ${line}`));
  if (name !== undefined) lines.push(`event: ${oneLine(name, "event")}`);
  if (id !== undefined) lines.push(`id: ${oneLine(id, "id")}`);
  if (retry !== undefined) lines.push(`retry: ${Math.round(retry)}`);
  if (data !== undefined) lines.push(...data.split(LINE_END).map((line) => `data: ${line}`));
  return `${lines.join("\n")}\n\n`;
}

const LINE_END = /\r\n|\r|\n/;

function oneLine(text: string, what: string): string {
  if (!/[\r\n\0]/.test(text)) return text;
  throw new FrameworkError(`The "${what}" of an event has a line end in it: ${JSON.stringify(text)}`);
}

/** Reads events until there are no more, nobody listens, or the body is closed; it never waits for the source then. */
class EventStream implements AsyncIterableIterator<string> {
  readonly #source: AsyncIterator<ServerSentEvent | string>;
  readonly #silence: number;
  readonly #end: Promise<"end">;
  #stop: () => void = () => {};
  #pending: Promise<IteratorResult<ServerSentEvent | string>> | null = null;
  #isOver = false;

  constructor(source: AsyncIterator<ServerSentEvent | string>, silence: number, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#silence = silence;
    this.#end = new Promise((resolve) => {
      this.#stop = () => {
        signal?.removeEventListener("abort", this.#stop);
        resolve("end");
      };
    });
    if (signal?.aborted === true) this.#stop();
    else signal?.addEventListener("abort", this.#stop);
  }

  async next(): Promise<IteratorResult<string>> {
    if (this.#isOver) return { done: true, value: undefined };
    const pending = (this.#pending ??= this.#source.next());
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<"silent">((resolve) => {
      if (this.#silence > 0) timer = setTimeout(() => resolve("silent"), this.#silence);
    });
    const first = await Promise.race([pending, silent, this.#end]).finally(() => clearTimeout(timer));
    if (first === "silent") return { done: false, value: ": \n\n" };
    if (first === "end") return this.return();
    this.#pending = null;
    if (first.done !== true) return { done: false, value: eventText(first.value) };
    this.#stop();
    this.#isOver = true;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<string>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Tells the source to end, and does not wait for it. */
  close(): void {
    this.#stop();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pending?.catch(() => undefined);
    this.#source.return?.().catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
