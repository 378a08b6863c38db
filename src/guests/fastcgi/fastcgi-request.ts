// One request to a FastCGI application. It is the only one on its connection, its PARAMS are one record, and it always says its length: PHP-FPM,
// uWSGI and libfcgi each stumble over one of the other ways. Source: FastCGI 1.0, sections 3 and 5.
import type { Output } from "../../http/output.ts";
import { encodePair } from "../../protocols/fastcgi/pairs.ts";
import {
  ALIGNED_CONTENT_BYTES,
  beginContent,
  KEEP_CONNECTION,
  MAX_CONTENT_BYTES,
  recordHeader,
  RecordType,
  Role,
} from "../../protocols/fastcgi/record.ts";
import type { Variable } from "../../protocols/variables.ts";
import { RequestRefused } from "../upstream/errors.ts";
import type { OutgoingBody } from "../upstream/outgoing-body.ts";
import type { OutgoingRequest, UpstreamAnswerDecoder, UpstreamAnswerListener } from "../upstream/upstream-protocol.ts";
import { FastCGIAnswerDecoder } from "./fastcgi-answer-decoder.ts";
import { REQUEST_ID } from "./request-id.ts";

const END_OF_STDIN = recordHeader(RecordType.stdin, REQUEST_ID, 0);

/** A request. */
export class FastCGIRequest implements OutgoingRequest {
  readonly head: string;
  readonly body: OutgoingBody;
  readonly #method: string;
  readonly #isKept: boolean;

  /**
   * @param isKept - whether the application leaves the connection open
   * @throws RequestRefused when the variables do not fit into one record
   */
  constructor(method: string, variables: readonly Variable[], body: OutgoingBody, isKept: boolean) {
    let params = "";
    for (const pair of variables) params += encodePair(pair);
    if (params.length > MAX_CONTENT_BYTES) {
      throw new RequestRefused(
        431,
        `The request has ${params.length} bytes of variables; expected at most ${MAX_CONTENT_BYTES}`,
      );
    }
    this.#method = method;
    this.#isKept = isKept;
    this.body = body;
    this.head =
      recordHeader(RecordType.beginRequest, REQUEST_ID, 8) +
      beginContent(Role.responder, isKept ? KEEP_CONNECTION : 0) +
      recordHeader(RecordType.params, REQUEST_ID, params.length) +
      params +
      recordHeader(RecordType.params, REQUEST_ID, 0) +
      (body.length === 0 ? END_OF_STDIN : "");
  }

  write(output: Output, chunk: Uint8Array): boolean {
    let hasRoom = true;
    for (let start = 0; start < chunk.length; start += ALIGNED_CONTENT_BYTES) {
      const part = chunk.subarray(start, start + ALIGNED_CONTENT_BYTES);
      hasRoom = output.writeWithHead(recordHeader(RecordType.stdin, REQUEST_ID, part.length), part);
    }
    return hasRoom;
  }

  finish(output: Output): void {
    output.write(Buffer.from(END_OF_STDIN, "latin1"));
  }

  decoder(listener: UpstreamAnswerListener): UpstreamAnswerDecoder {
    return new FastCGIAnswerDecoder(this.#method, this.#isKept, listener);
  }
}
