// How far something is, in one line of a terminal. Elsewhere it is silent.

/** Milliseconds between two states that are shown. */
const EVERY = 100;
const WIDTH = 30;

/** What it is written to. */
interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows how far something is. */
export class Progress {
  readonly #output: Output;
  #shownAt = 0;
  #isOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /**
   * Shows a bar.
   *
   * @param part - from 0 to 1
   */
  show(what: string, part: number): void {
    const full = Math.round(Math.min(1, part) * WIDTH);
    this.#line(
      `${what.padEnd(12)} [${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${Math.floor(part * 100)} %`,
      part >= 1,
    );
  }

  /** Shows a number whose end is not known. */
  count(what: string, number: number, unit: string): void {
    this.#line(`${what} ${number} ${unit}`, false);
  }

  /** Ends the line. */
  end(): void {
    if (this.#isOpen) this.#output.write("\n");
    this.#isOpen = false;
  }

  #line(text: string, isLast: boolean): void {
    const now = performance.now();
    if (this.#output.isTTY !== true || (now - this.#shownAt < EVERY && !isLast)) return;
    this.#shownAt = now;
    this.#isOpen = true;
    this.#output.write(`\r\u001b[K${text}`);
  }
}
