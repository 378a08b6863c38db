// Variables that never describe a request to whom it is handed on, from a web server in front to an application as from there to a program.

/** About the connection and the framing, which have been undone, or dangerous (HTTP_PROXY: CVE-2016-5385, "httpoxy"). */
export const CONNECTION_VARIABLES: ReadonlySet<string> = new Set([
  "HTTP_PROXY",
  "HTTP_CONTENT_LENGTH",
  "HTTP_CONTENT_TYPE",
  "HTTP_TRANSFER_ENCODING",
  "HTTP_TRAILER",
  "HTTP_CONNECTION",
  "HTTP_PROXY_CONNECTION",
  "HTTP_KEEP_ALIVE",
  "HTTP_TE",
  "HTTP_UPGRADE",
  "HTTP_EXPECT",
]);
