// `wsgi.errors`: text for the error log. Source: PEP 3333, "Input and Error Streams"; the ErrorWrapper of wsgiref.validate.
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { ErrorStream } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";

/** The rule about text. */
export const ERRORS_TEXT: Rule<readonly unknown[]> = {
  code: "ERR_TSGI_ERRORS_TEXT",
  text: "`write` of `wsgi.errors` must be called with one string, and `writelines` with one iterable of strings that is not a string",
  check: (args) => (args.length === 1 && typeof args[0] === "string" ? null : `got ${args.map(show).join(", ")}`),
};

/** The rule about closing. */
export const ERRORS_CLOSE: Rule<"close"> = {
  code: "ERR_TSGI_ERRORS_CLOSE",
  text: "The application must not close `wsgi.errors`",
  check: () => "called close()",
};

/** `wsgi.errors` as the application sees it. */
export class CheckedErrors implements ErrorStream {
  readonly #errors: ErrorStream;
  readonly #exchange: CheckedCall;

  constructor(errors: ErrorStream, exchange: CheckedCall) {
    this.#errors = errors;
    this.#exchange = exchange;
  }

  write(...args: [text: string]): void {
    checkNotEnded(this.#exchange, "wsgi.errors.write()");
    enforce(ERRORS_TEXT, args);
    this.#errors.write(...args);
  }

  writelines(...args: [lines: Iterable<string>]): void {
    checkNotEnded(this.#exchange, "wsgi.errors.writelines()");
    const lines: unknown = args[0];
    // A string is an iterable of strings too, but it would be written letter by letter.
    const isIterable = typeof lines === "object" && lines !== null && Symbol.iterator in lines;
    const texts: unknown[] = args.length === 1 && isIterable ? [...args[0]] : [undefined];
    for (const text of texts) enforce(ERRORS_TEXT, [text]);
    this.#errors.writelines(texts as string[]); // the rule above
  }

  flush(): void {
    checkNotEnded(this.#exchange, "wsgi.errors.flush()");
    this.#errors.flush();
  }

  /** Part of no contract: here to say so. */
  close(): void {
    enforce(ERRORS_CLOSE, "close");
  }
}

/** Section of SPEC.md. */
export const ERRORS_SECTION: RuleSection = {
  title: "The error stream",
  introduction:
    "`wsgi.errors` takes text for the server's error log, with `\\n` as the line ending. `write(text)` and `writelines(lines)` " +
    "return nothing; `flush()` passes on whatever is buffered. If you write what a client sent, escape control characters first.",
  rules: [ERRORS_TEXT, ERRORS_CLOSE],
};
