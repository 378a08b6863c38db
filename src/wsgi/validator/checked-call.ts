// What the validator remembers of one request, from the call of the application to close().

/** The state of one request under validation. */
export interface CheckedCall {
  readonly method: string;
  /** The headers, once `startResponse` was called. */
  announced: { code: number; contentLength: number | null } | null;
  /** Whether the application has prepared for another protocol. */
  isUpgradable: boolean;
  /** Bytes handed on, through `write` and the body. */
  sentBytes: number;
  /** Whether the iteration of the body was begun. */
  isIterated: boolean;
  /** Whether the body has given its last chunk. */
  isExhausted: boolean;
  closeCalls: number;
  /**
   * Whether the application is done: it failed, or its body was used up and closed. A body that is closed before that does not end it,
   * because the application cannot yet know that the client has left.
   */
  isEnded: boolean;
}

/** Begins a request. */
export function newCheckedCall(method: string): CheckedCall {
  return {
    method,
    announced: null,
    isUpgradable: false,
    sentBytes: 0,
    isIterated: false,
    isExhausted: false,
    closeCalls: 0,
    isEnded: false,
  };
}

/** Tells why the response has no body, as the end of a sentence; null when it may have one. */
export function bodilessReason(exchange: CheckedCall): string | null {
  const code = exchange.announced?.code ?? 200;
  // Behind 101 comes another protocol.
  if ((code < 200 && code !== 101) || code === 204 || code === 304) return `the status is ${code}`;
  return exchange.method === "HEAD" ? "the method is HEAD" : null;
}
