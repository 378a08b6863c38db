// `wsgi.input`: what the application may ask and what the server must answer. Source: PEP 3333, "Input and Error Streams"; the
// InputWrapper of wsgiref.validate, whose demand for a size in every read() does not hold here, since read() without one is defined.
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { Bytes, InputStream } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";

/** A call of a reading method. */
interface Call {
  method: string;
  args: readonly unknown[];
}

/** What a reading method gave. */
interface ReadResult {
  method: string;
  /** Most bytes that were asked for. */
  limit: number;
  result: unknown;
}

/** The rule about arguments. */
export const INPUT_ARGUMENTS: Rule<Call> = {
  code: "ERR_TSGI_INPUT_ARGUMENTS",
  text: "`read`, `readline` and `readlines` must be called with at most one argument, an integer",
  check({ method, args }) {
    if (args.length > 1) return `got ${args.length} arguments of ${method}()`;
    return args[0] === undefined || Number.isInteger(args[0]) ? null : `got ${show(args[0])} in ${method}()`;
  },
};

/** The rule about promises. */
export const INPUT_PROMISE: Rule<ReadResult> = {
  code: "ERR_TSGI_INPUT_PROMISE",
  text: "`read`, `readline` and `readlines` must return a promise",
  check: ({ method, result }) => (result instanceof Promise ? null : `got ${show(result)} from ${method}()`),
};

/** The rule about the type of results. */
export const INPUT_BYTES: Rule<ReadResult> = {
  code: "ERR_TSGI_INPUT_BYTES",
  text: "`read`, `readline` and iteration must yield a `Uint8Array`, and `readlines` an array of them",
  check({ method, result }) {
    const isRight =
      method === "readlines" ? Array.isArray(result) && result.every((line) => isBytes(line)) : isBytes(result);
    return isRight ? null : `got ${show(result)} from ${method}()`;
  },
};

/** The rule about the size of results. */
export const INPUT_SIZE: Rule<ReadResult> = {
  code: "ERR_TSGI_INPUT_SIZE",
  text: "`read` and `readline` must not return more bytes than they were asked for, and must return an empty result only for size 0 or at the end",
  check({ method, limit, result }) {
    const length = isBytes(result) ? result.length : 0;
    return length <= limit ? null : `got ${length} bytes from ${method}(${limit})`;
  },
};

/** The rule about lines. */
export const INPUT_LINE: Rule<ReadResult> = {
  code: "ERR_TSGI_INPUT_LINE",
  text: "A line must end at its `\\n`",
  check({ method, result }) {
    const lines = (method === "readlines" ? result : [result]) as Uint8Array[]; // INPUT_BYTES was checked before
    return lines.some((line) => line.subarray(0, -1).includes(0x0a))
      ? `got several lines at once from ${method}()`
      : null;
  },
};

/** The rule about closing. */
export const INPUT_CLOSE: Rule<"close"> = {
  code: "ERR_TSGI_INPUT_CLOSE",
  text: "The application must not close `wsgi.input`",
  check: () => "called close()",
};

/** `wsgi.input` as the application sees it. */
export class CheckedInput implements InputStream {
  readonly #input: InputStream;
  readonly #exchange: CheckedCall;

  constructor(input: InputStream, exchange: CheckedCall) {
    this.#input = input;
    this.#exchange = exchange;
  }

  read(...args: [size?: number]): Promise<Bytes> {
    this.#checkCall("read", args);
    return this.#checked("read", args[0], this.#input.read(...args));
  }

  readline(...args: [size?: number]): Promise<Bytes> {
    this.#checkCall("readline", args);
    return this.#checked("readline", args[0], this.#input.readline(...args));
  }

  readlines(...args: [hint?: number]): Promise<Bytes[]> {
    this.#checkCall("readlines", args);
    return this.#checked("readlines", undefined, this.#input.readlines(...args));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Bytes> {
    checkNotEnded(this.#exchange, "the iteration of wsgi.input");
    for await (const line of this.#input) {
      checkAnswer({ method: "iteration", limit: Infinity, result: line });
      yield line;
      checkNotEnded(this.#exchange, "the iteration of wsgi.input");
    }
  }

  /** Part of no contract: here to say so. */
  close(): void {
    enforce(INPUT_CLOSE, "close");
  }

  #checkCall(method: string, args: readonly unknown[]): void {
    checkNotEnded(this.#exchange, `wsgi.input.${method}()`);
    enforce(INPUT_ARGUMENTS, { method, args });
  }

  async #checked<Result>(method: string, size: number | undefined, result: Promise<Result>): Promise<Result> {
    const limit = size === undefined || size < 0 ? Infinity : size;
    enforce(INPUT_PROMISE, { method, limit, result });
    const settled = await result;
    checkAnswer({ method, limit, result: settled });
    return settled;
  }
}

function checkAnswer(answer: ReadResult): void {
  enforce(INPUT_BYTES, answer);
  enforce(INPUT_SIZE, answer);
  if (answer.method !== "read") enforce(INPUT_LINE, answer);
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Section of SPEC.md. */
export const INPUT_SECTION: RuleSection = {
  title: "The input stream",
  introduction:
    "`wsgi.input` is the request body. `read(size)` returns exactly `size` bytes, or fewer at the end. `read()` returns everything " +
    "that is left. `readline(size)` returns a line with its `\\n`. `readlines(hint)` returns lines until they add up to `hint` " +
    "bytes. Iteration yields lines. At the end, each of them returns an empty result and keeps doing so. The stream ends where the " +
    "body ends, so when `wsgi.input_terminated` is true, an application may read to the end without counting. If the client " +
    "disconnects in the middle of the body, the read fails.",
  rules: [INPUT_ARGUMENTS, INPUT_PROMISE, INPUT_BYTES, INPUT_SIZE, INPUT_LINE, INPUT_CLOSE],
};
