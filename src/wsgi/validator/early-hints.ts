// `wsgi.early_hints`: interim headers. Source: RFC 8297; gunicorn for the key.
import { checkHeaders } from "../head-rules.ts";
import { enforce } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { HeaderList } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";

/** The rule about the moment. */
export const HINTS_ORDER: Rule<CheckedCall> = {
  code: "ERR_TSGI_EARLY_HINTS_ORDER",
  text: "The application must not call `wsgi.early_hints` after the first bytes of its response",
  check: (exchange) => (exchange.sentBytes > 0 ? `${exchange.sentBytes} bytes were given` : null),
};

/** Gives the function that the application sees. */
export function guardEarlyHints(earlyHints: (headers: HeaderList) => void, exchange: CheckedCall) {
  return function checkedEarlyHints(headers: HeaderList): void {
    checkNotEnded(exchange, "wsgi.early_hints");
    checkHeaders(headers);
    enforce(HINTS_ORDER, exchange);
    earlyHints(headers);
  };
}

/** Section of SPEC.md. */
export const EARLY_HINTS_SECTION: RuleSection = {
  title: "Early hints",
  introduction:
    "If the server offers `wsgi.early_hints(headers)`, each call sends a 103 response with these headers. You may call it any " +
    "number of times before the response itself. It does nothing if the client cannot handle 103. The headers follow the rules of " +
    "`startResponse`.",
  rules: [HINTS_ORDER],
};
