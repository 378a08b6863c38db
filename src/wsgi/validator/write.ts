// write(): the imperative way to send. Source: PEP 3333, "The write() Callable".
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { Write } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";
import { countChunk } from "./length.ts";

/** The rule about the argument. */
export const WRITE_BYTES: Rule<readonly unknown[]> = {
  code: "ERR_TSGI_WRITE_BYTES",
  text: "`write` must be called with one `Uint8Array`",
  check: (args) => (args.length === 1 && args[0] instanceof Uint8Array ? null : `got ${args.map(show).join(", ")}`),
};

/** The rule about the moment. */
export const WRITE_ORDER: Rule<CheckedCall> = {
  code: "ERR_TSGI_WRITE_ORDER",
  text: "The application must not call `write` once iteration of its body has started",
  check: (exchange) => (exchange.isIterated ? "the iteration has begun" : null),
};

/** The rule about what write returns. */
export const WRITE_RESULT: Rule<unknown> = {
  code: "ERR_TSGI_WRITE_RESULT",
  text: "`write` must return nothing, or a promise that resolves when there is room again",
  check: (result) => (result === undefined || result instanceof Promise ? null : `got ${show(result)}`),
};

/** Gives the write that the application sees. */
export function guardWrite(write: Write, exchange: CheckedCall): Write {
  return function checkedWrite(...args: unknown[]): void | Promise<void> {
    checkNotEnded(exchange, "write");
    enforce(WRITE_BYTES, args);
    enforce(WRITE_ORDER, exchange);
    const [data] = args as [Uint8Array]; // the rule above
    countChunk(exchange, data);
    const result = write(data);
    enforce(WRITE_RESULT, result);
    return result;
  };
}

/** Section of SPEC.md. */
export const WRITE_SECTION: RuleSection = {
  title: "write",
  introduction:
    "`write(data)` sends a chunk at once; the first call also sends the status and the headers, even if the chunk is empty. It exists for " +
    "applications that cannot be turned into an iterable; new ones return a body. Chunks that are written come before the chunks of the body. If `write` returns a promise, await it before the next " +
    "call; otherwise unsent data piles up in memory.",
  rules: [WRITE_BYTES, WRITE_ORDER, WRITE_RESULT],
};
