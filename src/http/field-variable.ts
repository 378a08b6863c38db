// The CGI variable of a request's header field. Source: RFC 3875 section 4.1.18.

/**
 * Names the variable of a field. A name with `_` would forge the variable of one with `-` (CVE-2024-45614), so it has none.
 *
 * @param lower - the name, in lower case
 * @returns for example `HTTP_USER_AGENT`; empty when the field is to be dropped
 */
export function fieldVariable(lower: string): string {
  if (lower.includes("_")) return "";
  const upper = lower.toUpperCase().replaceAll("-", "_");
  return lower === "content-type" || lower === "content-length" ? upper : `HTTP_${upper}`;
}
