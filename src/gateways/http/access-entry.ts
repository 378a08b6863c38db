// What is known of an answered request, for access logs and metrics.
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";

/** One request and its answer, once both are over. */
export interface AccessEntry {
  readonly environ: WSGIEnvironment;
  /** The status that was sent; 0 when the client left before there was one. */
  readonly status: number;
  /** The header fields that the application announced. */
  readonly responseHeaders: HeaderList;
  /** Bytes of the body that were sent, without framing. */
  readonly bodyBytes: number;
  /** When the head of the request was complete. */
  readonly startedAt: Date;
  /** From the head of the request to the end of the answer. */
  readonly elapsedMicroseconds: number;
  /** True when the answer could not be completed. */
  readonly isAborted: boolean;
}
