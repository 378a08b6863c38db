// What the protocols with one request per connection give: SCGI and uwsgi.
import type { Buffer } from "node:buffer";
import type { Variable } from "./variables.ts";

/** The head of a request, and the bytes that came behind it: the beginning of its body. */
export interface RequestHead {
  readonly variables: readonly Variable[];
  readonly rest: Buffer;
}

/** Reads the head of a request out of bytes that come in any pieces. */
export interface RequestHeadDecoder {
  /**
   * @returns the head; null while it is not whole
   * @throws GatewayProtocolError when the bytes are not of its protocol, or too many
   */
  push(chunk: Buffer): RequestHead | null;
}
