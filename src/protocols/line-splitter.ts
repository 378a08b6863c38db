// Lines out of text that comes in pieces. Each piece is looked at once, and a line has a longest length: whoever writes for hours without
// an end of line (a progress bar) costs no more than anybody else.

/** Characters after which a line is cut. */
const MAX_LINE_LENGTH = 65_536;

/** Splits what one stream brings. `\n`, `\r\n` and `\r` end a line; an empty one that only `\r` ends is left out. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  /** The pieces of the line that has begun. */
  #pieces: string[] = [];
  #length = 0;
  #endedWithReturn = false;

  /** @param onLine - receives each line without its end */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next piece. */
  push(text: string): void {
    let start = this.#endedWithReturn && text.startsWith("\n") ? 1 : 0;
    if (text !== "") this.#endedWithReturn = false;
    const ends = /[\r\n]/g;
    ends.lastIndex = start;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      this.#add(text.slice(start, end.index));
      const isReturn = end[0] === "\r";
      if (!isReturn || this.#length > 0) this.#emit();
      start = end.index + 1;
      if (!isReturn) continue;
      if (start === text.length) this.#endedWithReturn = true;
      else if (text[start] === "\n") start = ends.lastIndex = start + 1;
    }
    this.#add(text.slice(start));
  }

  /** The stream has ended: what has no end of line is a line, too. */
  end(): void {
    if (this.#length > 0) this.#emit();
  }

  #add(piece: string): void {
    let rest = piece;
    while (this.#length + rest.length > MAX_LINE_LENGTH) {
      const room = MAX_LINE_LENGTH - this.#length;
      this.#pieces.push(rest.slice(0, room));
      this.#emit();
      rest = rest.slice(room);
    }
    if (rest === "") return;
    this.#pieces.push(rest);
    this.#length += rest.length;
  }

  #emit(): void {
    const line = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    this.#onLine(line);
  }
}
