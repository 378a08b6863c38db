// The header fields of a Node request as CGI variables, by the rules of our own parser: names with `_` are dropped, repeated fields are
// joined, and those that decide over framing or routing may stand once only. Source: RFC 3875 section 4.1.18, RFC 9110 section 5.3.
import { withoutZeros } from "../../http/content-length.ts";
import { ProtocolError } from "../../http/errors.ts";
import { fieldName, FieldRole } from "../../http/field-names.ts";
import { repeatedField } from "../../http/head-errors.ts";
import { isHost } from "../../http/host.ts";

/** Fields of which Node itself takes the first and drops the rest; here a second one is an error, as everywhere in TSGI. */
const ONCE: ReadonlySet<number> = new Set([
  FieldRole.host,
  FieldRole.contentLength,
  FieldRole.transferEncoding,
  FieldRole.expect,
  FieldRole.singleton,
]);

/**
 * Sets the variables.
 *
 * @param environ - is changed
 * @param raw - `rawHeaders`: names and values in turn; with the pseudo-headers of HTTP/2, of which `:authority` is the host
 * @throws ProtocolError 400
 */
export function setFields(environ: Record<string, unknown>, raw: readonly string[]): void {
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    if (name.startsWith(":")) {
      if (name === ":authority") environ["HTTP_HOST"] = value;
      continue;
    }
    const known = fieldName(name);
    if (known === null || known.variable === "") continue;
    const { variable, role } = known;
    const earlier = environ[variable];
    if (earlier === undefined) environ[variable] = role === FieldRole.contentLength ? withoutZeros(value) : value;
    else if (ONCE.has(role)) throw repeatedField(known.lower);
    else environ[variable] = `${earlier as string}${role === FieldRole.cookie ? "; " : ", "}${value}`;
  }
  checkHost(environ);
}

/** An empty Host names no host: it is as if none was sent (RFC 9112 section 3.2). */
function checkHost(environ: Record<string, unknown>): void {
  const host = environ["HTTP_HOST"] as string | undefined; // as it was set above
  if (host === undefined) return;
  if (host === "") Reflect.deleteProperty(environ, "HTTP_HOST");
  else if (!isHost(host))
    throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is not of the form 'name' or 'name:port'");
}
