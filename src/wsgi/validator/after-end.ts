// Nothing of a request may be used when it is over. Source: PEP 3333, "Specification Details" (close() ends the request); Rack's rule
// that a closed body is not used.
import { enforce } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { CheckedCall } from "./checked-call.ts";

const AFTER_END: Rule<{ exchange: CheckedCall; what: string }> = {
  code: "ERR_TSGI_AFTER_END",
  text:
    "The application must not use the environ, `wsgi.input`, `wsgi.errors`, `startResponse` or `write` once the request has ended; " +
    "anything it needs later, it must copy before that",
  check: ({ exchange, what }) => (exchange.isEnded ? `used ${what}` : null),
};

/** @throws ContractViolation when the request has ended */
export function checkNotEnded(exchange: CheckedCall, what: string): void {
  enforce(AFTER_END, { exchange, what });
}

/** Section of SPEC.md. */
export const AFTER_END_SECTION: RuleSection = {
  title: "After the end",
  introduction:
    "A request ends when its body has given its last chunk and `close()` has returned, or when the application has thrown. If the " +
    "client disconnects, the body is closed early. If the application is still at work then, the request ends only when the " +
    "application does. It is notified through `tsgi.signal`, or through its generator's `return()`.",
  rules: [AFTER_END],
};
