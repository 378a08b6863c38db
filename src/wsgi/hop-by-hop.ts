// Header fields that belong to one connection. Source: PEP 3333, "Other HTTP Features"; wsgiref.util.is_hop_by_hop, whose list is
// that of RFC 2616 section 13.5.1 (with "trailers").

/** Names in lower case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Returns whether a header belongs to the connection. Only the server may set such headers.
 *
 * @param name - name of the field, in any case
 */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name.toLowerCase());
}
