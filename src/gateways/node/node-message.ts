// What Node's servers pass to a listener: of node:http, or of node:http2 with its compatibility API.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** The request. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** The response. */
export type NodeResponse = ServerResponse | Http2ServerResponse;
