// Changes by others, as they happen. A stream that breaks is opened again and goes on where it was. It is read with fetch, because an
// EventSource cannot send a token.
import { unescapeKey } from "../src/text/json-key.ts";
import { parsePointer, type Path } from "../src/text/pointer.ts";
import { elementsOf, membersOf } from "../src/text/spans.ts";
import { EventReader, type StreamEvent } from "./event-stream.ts";
import type { StoreClient } from "./store-client.ts";
import type { Change } from "./tree-model.ts";

/** Who is told. */
export interface LiveListener {
  changed(changes: readonly Change[]): void;
  /** What is known may be wrong: read again. */
  reset(version: number): void;
  /** Whether changes arrive. */
  state(isLive: boolean): void;
}

/** Milliseconds before a stream is opened again, doubled each time. */
const SOON = 500;
const LATE = 4000;

/** Watches one node until it is stopped. */
export class LiveUpdates {
  readonly #client: StoreClient;
  readonly #path: Path;
  readonly #listener: LiveListener;
  readonly #stop = new AbortController();
  #lastId = "";

  constructor(client: StoreClient, path: Path, listener: LiveListener) {
    this.#client = client;
    this.#path = path;
    this.#listener = listener;
  }

  /** Watches; resolves when it was stopped. */
  async run(): Promise<void> {
    let wait = SOON;
    while (!this.#stop.signal.aborted) {
      try {
        const body = await this.#client.watch(this.#path, this.#lastId, this.#stop.signal);
        // A store that does not tell its changes.
        if (body === null) return;
        this.#listener.state(true);
        wait = SOON;
        await this.#read(body);
      } catch {
        // Refused, or broken: the same for whoever looks at the page.
      }
      if (this.#stop.signal.aborted) return;
      this.#listener.state(false);
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
      });
      wait = Math.min(2 * wait, LATE);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const events = new EventReader();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      for (const event of events.read(decoder.decode(part.value, { stream: true }))) this.#take(event);
    }
  }

  #take(event: StreamEvent): void {
    const isFirst = this.#lastId === "";
    this.#lastId = event.id;
    const changes = changesOf(event);
    // The first event is the node as it is, which is read in another way.
    if (changes === null || isFirst) this.#listener.reset(Number(event.id));
    else this.#listener.changed(changes);
  }
}

/** Returns the changes that an event tells; null when everything has to be read again. */
export function changesOf({ id, name, data }: StreamEvent): readonly Change[] | null {
  const version = Number(id);
  if (name === "patch") {
    const operations = membersOfText(data, 0).get("operations") ?? "[]";
    const changes = [...elementsOf(operations, 0)].map(({ start }) => {
      const members = membersOfText(operations, start);
      return changeOf(version, plain(members.get("op")), members);
    });
    return changes.every((change) => change !== null) ? changes : null;
  }
  const change = changeOf(version, name, membersOfText(data, 0));
  return change === null ? null : [change];
}

function changeOf(version: number, op: string, members: ReadonlyMap<string, string>): Change | null {
  const path = parsePointer(plain(members.get("path")));
  return path !== null && (op === "put" || op === "delete" || op === "insert") ? { version, op, path } : null;
}

function membersOfText(text: string, from: number): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const { key, start, end } of membersOf(text, from)) members.set(key, text.slice(start, end));
  return members;
}

function plain(text = '""'): string {
  return unescapeKey(text.slice(1, -1));
}
