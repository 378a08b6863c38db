// `tsgi.upgrade`: another protocol on the same connection. Source: RFC 9110 section 7.8.
import type { Rule, RuleSection } from "../rule.ts";
import { enforce } from "../rule.ts";
import type { InputStream } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";

/** The rule about a head that switches. */
export const SWITCH_PREPARED: Rule<{ readonly code: number; readonly exchange: CheckedCall }> = {
  code: "ERR_TSGI_UPGRADE_UNPREPARED",
  text: "The status must be 101 only after a call of `tsgi.upgrade`",
  check: ({ code, exchange }) => (code === 101 && !exchange.isUpgradable ? "it was not called" : null),
};

/** The rule about the protocol. */
export const UPGRADE_PROTOCOL: Rule<readonly unknown[]> = {
  code: "ERR_TSGI_UPGRADE_PROTOCOL",
  text: "`tsgi.upgrade` must be called with the name of one protocol, a string",
  check: (args) =>
    args.length === 1 && typeof args[0] === "string"
      ? null
      : `got ${args.map((each) => typeof each).join(", ") || "nothing"}`,
};

/** Gives the function that the application sees. */
export function guardUpgrade(upgrade: (protocol: string) => InputStream, exchange: CheckedCall) {
  return function checkedUpgrade(...args: [protocol: string]): InputStream {
    checkNotEnded(exchange, "tsgi.upgrade");
    enforce(UPGRADE_PROTOCOL, args);
    const input = upgrade(...args);
    exchange.isUpgradable = true;
    return input;
  };
}

/** Section of SPEC.md. */
export const UPGRADE_SECTION: RuleSection = {
  title: "Another protocol",
  introduction:
    "If the client offers another protocol for its connection and the server can change to it, the environ has `tsgi.upgrade(protocol)`. " +
    "It returns an input stream. `startResponse` with the status 101 then changes the protocol at once: from there on, the stream gives what " +
    "the client sends, and the client gets the bytes of the body as they are. The server sets Connection and Upgrade. With any other status, " +
    "the response is one as ever, and the stream gives nothing.",
  rules: [UPGRADE_PROTOCOL, SWITCH_PREPARED],
};
