// Takes a stream of server-sent events apart. Source: WHATWG HTML section 9.2.6.

/** An event. */
export interface StreamEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

/** Reads events from pieces of text, cut anywhere. */
export class EventReader {
  #rest = "";
  #id = "";
  #name = "";
  #data: string[] = [];

  /** @returns the events that the piece has completed */
  read(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") this.#dispatch(events);
      else this.#field(line);
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") this.#id = value;
    else if (name === "event") this.#name = value;
    else if (name === "data") this.#data.push(value);
  }

  #dispatch(events: StreamEvent[]): void {
    if (this.#data.length > 0) {
      events.push({ id: this.#id, name: this.#name === "" ? "message" : this.#name, data: this.#data.join("\n") });
    }
    this.#name = "";
    this.#data = [];
  }
}
