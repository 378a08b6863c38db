// The answer of a CGI program: standard output, whose end is the end of the answer. A web server cannot tell an answer without a length that
// was broken off from one that is complete (RFC 3875 section 6).
import type { Writable } from "node:stream";
import type { AnswerCarrier } from "../front/front-wire.ts";

/** How an answer ended. */
export type CGIOutcome = "complete" | "broken-off" | "reader-gone";

/** Carries one answer. */
export class CGIOutput implements AnswerCarrier {
  /** Resolves when nothing more is to be written, and everything that was written has left this process. */
  readonly done: Promise<CGIOutcome>;
  readonly #stream: Writable;
  #resolve: (outcome: CGIOutcome) => void = () => {};
  #isGone = false;

  /** @param gone - told when the web server closes standard output before the answer is complete */
  constructor(stream: Writable, gone: (reason: Error) => void) {
    this.#stream = stream;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    stream.on("error", (error) => {
      if (this.#isGone) return;
      this.#isGone = true;
      gone(error);
      this.#resolve("reader-gone");
    });
  }

  sendHead(head: string, body: Uint8Array, isWhole: boolean): boolean {
    const hasRoom = this.#write(Buffer.concat([Buffer.from(head, "latin1"), body]));
    if (isWhole) this.endAnswer();
    return hasRoom;
  }

  sendMore(chunk: Uint8Array): boolean {
    return chunk.length === 0 || this.#write(chunk);
  }

  endAnswer(): void {
    this.#end("complete");
  }

  breakOff(): void {
    this.#end("broken-off");
  }

  async drained(): Promise<void> {
    const stream = this.#stream;
    if (this.#isGone || !stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off("drain", done).off("error", done).off("close", done);
        resolve();
      };
      stream.on("drain", done).on("error", done).on("close", done);
    });
  }

  #write(data: Uint8Array): boolean {
    return this.#isGone || this.#stream.write(data);
  }

  /** What was written before has left when an empty write behind it has. */
  #end(outcome: CGIOutcome): void {
    if (this.#isGone) return;
    this.#stream.write("", (error) => this.#resolve(error ? "reader-gone" : outcome));
  }
}
