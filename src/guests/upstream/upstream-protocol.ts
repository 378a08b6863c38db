// What a protocol tells of itself so that an upstream can be called by it: how a request is written, and how its answer is read.
import type { Output } from "../../http/output.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import type { OutgoingBody } from "./outgoing-body.ts";

/** What hears of an answer, whatever its protocol. */
export interface UpstreamAnswerListener {
  /** An interim answer of HTTP. */
  interim(statusCode: number, fields: [name: string, value: string][]): void;
  /** @param reason - may be empty */
  head(statusCode: number, reason: string, fields: [name: string, value: string][]): void;
  data(chunk: Buffer): void;
  /** The answer is complete. @param keepSeconds - how long the connection can be used again; 0 when it cannot, -1 when nobody says */
  complete(keepSeconds: number): void;
  /** The upstream says something to its operator. */
  note(text: string): void;
}

/** Reads one answer. Each method throws a TSGIError when it cannot be read, and is not called again after that. */
export interface UpstreamAnswerDecoder {
  push(chunk: Buffer): void;
  /** The connection has ended: the answer is complete now, or cut. */
  end(): void;
}

/** A request, ready to be sent. */
export interface OutgoingRequest {
  /** Everything before the body, as text of one code point per byte; the whole request when there is none. */
  readonly head: string;
  readonly body: OutgoingBody;
  /** The body waits until the upstream wants it, or a second has passed (RFC 9110 section 10.1.1). */
  readonly isExpecting?: boolean;
  /** The protocol that the client may go over to, if the upstream does. @default null */
  readonly upgrade?: string | null;
  /** Sends a part of the body. @returns false when the upstream should be waited for */
  write(output: Output, chunk: Uint8Array): boolean;
  /** Sends what ends the body; not for a request without one. */
  finish(output: Output): void;
  /** A reader of its answer. */
  decoder(listener: UpstreamAnswerListener): UpstreamAnswerDecoder;
}

/** A protocol. */
export interface UpstreamProtocol {
  /** For the log: what to look at when the upstream closes the connection without a word. @default nothing */
  readonly emptyAnswerHint?: string;
  /**
   * Makes a request.
   *
   * @throws RequestRefused when it cannot be handed on; what `wsgi.input` throws
   */
  request(environ: WSGIEnvironment): OutgoingRequest | Promise<OutgoingRequest>;
}
