// What a client offers to go over to on the same connection. Source: RFC 9110 section 7.8; RFC 9112 section 9.9.
import { listOf } from "./grammar.ts";
import type { Variables } from "./head-parser.ts";

/**
 * Lists the protocols that a request offers, in lower case: none unless Connection names Upgrade, and none to HTTP/1.0.
 *
 * @param variables - of the request
 * @param minor - version of the request: 0 or 1
 */
export function offeredProtocols(variables: Variables, minor: number): readonly string[] {
  const { HTTP_UPGRADE: offered, HTTP_CONNECTION: connection } = variables as Record<string, string | undefined>;
  if (offered === undefined || connection === undefined || minor === 0) return [];
  return listOf(connection).includes("upgrade") ? listOf(offered).filter((protocol) => protocol !== "") : [];
}
