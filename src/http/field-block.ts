// The fields of one head, remembered as they came. A client that stays mostly sends the same fields again, byte for byte, and a
// comparison of all of them costs a fraction of reading them: everything that was checked of the block holds again.
//
// A block holds what its client has sent, secrets included, and therefore belongs to one connection: it is compared with what comes on
// that connection alone, as a whole, and ends with it. Behind a proxy, where clients share a connection, heads differ; after a few of
// them in a row nothing is remembered there any more.
import { ownText } from "./own-text.ts";

/** What the fields of a head say to the engine itself. */
export interface EngineFields {
  readonly host: string | null;
  readonly connection: string | null;
  readonly transferEncoding: string | null;
  readonly expect: string | null;
  /** -1 when there is none. */
  readonly contentLength: number;
}

/** The fields of a head as they came, and what they set. */
export interface FieldBlock extends EngineFields {
  /** From the first field's name to the end of the empty line. */
  readonly text: string;
  /** The variables that the fields have set, in order. */
  readonly variables: readonly string[];
  readonly values: readonly string[];
}

/** Heads in a row that differ from the remembered one, after which a connection's are not remembered any more. */
const MAX_DIFFERENT_HEADS = 4;
/** Longer blocks are not remembered: what a connection keeps while it is idle is bounded. */
const MAX_REMEMBERED_BLOCK = 2048;

/** Remembers the fields of a connection's last head. */
export class FieldBlockMemory {
  #block: FieldBlock | null = null;
  /** Heads that were complete before this one: the first one is not remembered, since many connections carry no other. */
  #heads = 0;
  #differentHeads = 0;
  /** The variables that the fields of this head have set; null while this head is not to be remembered. */
  #recorded: string[] | null = null;

  /** Prepares for the next request head. */
  begin(): void {
    this.#recorded = null;
    this.#heads += 1;
  }

  /**
   * Compares what follows a request line with the remembered block.
   *
   * @returns the block when it comes again. Otherwise null, and what `record` is told of this head can be kept
   */
  match(text: string, from: number): FieldBlock | null {
    const block = this.#block;
    if (block !== null) {
      if (text.slice(from, from + block.text.length) === block.text) {
        this.#differentHeads = 0;
        return block;
      }
      this.#differentHeads += 1;
      if (this.#differentHeads === MAX_DIFFERENT_HEADS) this.#block = null;
    }
    if (this.#heads > 0 && this.#differentHeads < MAX_DIFFERENT_HEADS) this.#recorded = [];
    return null;
  }

  /** True while the fields of this head are to be kept. */
  get isRecording(): boolean {
    return this.#recorded !== null;
  }

  /** A field of this head was the first to set a variable. */
  record(variable: string): void {
    this.#recorded?.push(variable);
  }

  /** A field of this head sets more than variables: it cannot be kept. */
  stopRecording(): void {
    this.#recorded = null;
  }

  /**
   * Keeps the fields of the head that was recorded.
   *
   * @param text - the whole block
   * @param variables - where the recorded variables stand
   */
  keep(text: string, variables: Readonly<Record<string, unknown>>, fields: EngineFields): void {
    const recorded = this.#recorded;
    if (recorded === null || text.length > MAX_REMEMBERED_BLOCK) return;
    const copy = ownText(text);
    const kept = (value: string): string => {
      const at = copy.indexOf(value);
      return at === -1 ? value : copy.slice(at, at + value.length);
    };
    const keptOrNull = (value: string | null): string | null => (value === null ? null : kept(value));
    this.#block = {
      text: copy,
      variables: recorded,
      values: recorded.map((variable) => kept(variables[variable] as string)), // only texts are recorded
      host: keptOrNull(fields.host),
      connection: keptOrNull(fields.connection),
      transferEncoding: keptOrNull(fields.transferEncoding),
      expect: keptOrNull(fields.expect),
      contentLength: fields.contentLength,
    };
  }
}
