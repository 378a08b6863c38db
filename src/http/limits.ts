// Limits and timeouts of the engine: everything a client can send or withhold has a bound.
// Sources: the limits of gunicorn, waitress, puma, node, nginx compared; the CVEs are named beside the code that enforces each limit.

/** Limits on what a client may send, in bytes and counts, and on how long it may take, in seconds. */
export interface Limits {
  /** Longest request line without its CRLF, in bytes; longer is answered with 414. @default 8190 */
  readonly maxRequestLineBytes: number;
  /** Longest header field (name, colon and value), in bytes; longer is answered with 431. @default 8190 */
  readonly maxFieldBytes: number;
  /** Longest name of a header field, in bytes. @default 256 */
  readonly maxFieldNameBytes: number;
  /** Most header fields of a request. @default 100 */
  readonly maxFields: number;
  /** Longest head (request line and all fields), in bytes. @default 65536 */
  readonly maxHeadBytes: number;
  /** Longest line that announces a chunk, extensions included, in bytes. @default 4096 */
  readonly maxChunkLineBytes: number;
  /** Most bytes of chunk extensions in one body. @default 16384 */
  readonly maxChunkExtensionBytes: number;
  /** Longest trailer section, in bytes. @default 16384 */
  readonly maxTrailerBytes: number;
  /** Most fields of a trailer section. @default 64 */
  readonly maxTrailerFields: number;
  /** Longest body of a request, in bytes; longer is answered with 413. 0 means no limit. @default 1073741824 (1 GiB) */
  readonly maxBodyBytes: number;
  /** If an answered request leaves more body bytes unread than this, the connection is closed instead of drained. @default 65536 */
  readonly maxUnreadBodyBytes: number;
  /** Requests on one connection before it is closed; 0 means no limit. @default 0 */
  readonly maxRequestsPerConnection: number;
  /**
   * Maximum open connections. Above it, an idle one is closed to make room; if none is idle, the new one gets 503. 0 means no limit.
   * @default 10000
   */
  readonly maxConnections: number;

  /** Time for the whole request head, from its first byte (or from the start of the connection). Further bytes do not extend it. @default 10 */
  readonly headTimeoutSeconds: number;
  /** Time without a byte of a body that the application is waiting for. @default 30 */
  readonly bodyTimeoutSeconds: number;
  /** Minimum average speed of a request body in bytes per second, after ten seconds of waiting; 0 means any speed. @default 240 */
  readonly minBodyBytesPerSecond: number;
  /** Time without progress while the client does not read the response. The system reports progress in steps of megabytes. @default 60 */
  readonly writeTimeoutSeconds: number;
  /** Idle time between two requests of a connection. @default 5 */
  readonly keepAliveTimeoutSeconds: number;
  /** How long to discard what a client still sends, after an error or a complete response, before the connection is cut. @default 2 */
  readonly lingerSeconds: number;
}

/** The default of every limit. */
export const DEFAULT_LIMITS: Limits = {
  maxRequestLineBytes: 8190,
  maxFieldBytes: 8190,
  maxFieldNameBytes: 256,
  maxFields: 100,
  maxHeadBytes: 65_536,
  maxChunkLineBytes: 4096,
  maxChunkExtensionBytes: 16_384,
  maxTrailerBytes: 16_384,
  maxTrailerFields: 64,
  maxBodyBytes: 1_073_741_824,
  maxUnreadBodyBytes: 65_536,
  maxRequestsPerConnection: 0,
  maxConnections: 10_000,
  headTimeoutSeconds: 10,
  bodyTimeoutSeconds: 30,
  minBodyBytesPerSecond: 240,
  writeTimeoutSeconds: 60,
  keepAliveTimeoutSeconds: 5,
  lingerSeconds: 2,
};
