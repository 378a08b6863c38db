// What the test client needs of the thing that carries its requests: the application itself, or a socket.

import type { Bytes, HeaderList } from "../wsgi/types.ts";
import type { RequestTarget } from "./request-target.ts";

/** One request, complete with all its header fields. */
export interface WireRequest {
  readonly method: string;
  readonly target: RequestTarget;
  readonly headers: HeaderList;
  readonly content: Bytes | AsyncIterable<Bytes> | null;
  readonly watch: ResponseWatch;
}

/** How a test reacts while the response arrives. */
export interface ResponseWatch {
  /** Called with each chunk of the body as it arrives. */
  readonly onChunk?: (chunk: Bytes) => void;
  /** The client disconnects once it has this many bytes of the body; with 0, as soon as it has the headers. */
  readonly leaveAfterBytes?: number;
  /** The client disconnects when this fires. */
  readonly signal?: AbortSignal;
}

/** What came back, before anything is interpreted. */
export interface WireResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly chunks: readonly Bytes[];
  /** Header fields of each 103 response that came first. */
  readonly earlyHints: readonly HeaderList[];
  /** False when the body ended before its time: the server broke the connection, or the client left. */
  readonly isComplete: boolean;
  /** The error that the application threw (in process), or the error of the connection (socket); otherwise undefined. */
  readonly error: unknown;
  /** What was written to `wsgi.errors`; empty over a socket, which cannot know. */
  readonly errors: string;
}

/** Carries requests for the test client. */
export interface Transport {
  /** @throws NoResponseError when the exchange ended before a response head */
  send(request: WireRequest): Promise<WireResponse>;
  /** Gives back what the transport holds (idle connections). */
  close(): void;
}
