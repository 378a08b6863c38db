// Nothing of a request may be used when it is over. Source: PEP 3333, "Specification Details" (close() ends the request); Rack's rule
// that a closed body is not used.
import { enforce } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { Exchange } from "./exchange.ts";

const AFTER_END: Rule<{ exchange: Exchange; what: string }> = {
  code: "ERR_TSGI_AFTER_END",
  text:
    "The application must not use the environ, `wsgi.input`, `wsgi.errors`, `startResponse` or `write` once the request has ended; " +
    "what it needs later it must copy before",
  check: ({ exchange, what }) => (exchange.isEnded ? `used ${what}` : null),
};

/** @throws ContractViolation when the request has ended */
export function checkNotEnded(exchange: Exchange, what: string): void {
  enforce(AFTER_END, { exchange, what });
}

/** Section of SPEC.md. */
export const AFTER_END_SECTION: RuleSection = {
  title: "After the end",
  introduction:
    "A request ends when its body has given its last chunk and `close()` has returned, or when the application has thrown. A body that " +
    "is closed early, because the client left, does not end the request for an application that is still at work: it learns of it " +
    "through `tsgi.signal`, or when its generator is told to return.",
  rules: [AFTER_END],
};
