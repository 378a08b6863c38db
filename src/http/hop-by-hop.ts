// Which fields belong to a connection. An application must not send them, and of another server's answer they are not handed on: both read this
// list, so that nothing passes here that is refused there. Source: RFC 9110 section 7.6.1; RFC 9112 appendix C.2.2 for Proxy-Connection.

/** Names in lower case. */
export const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
] as const;
