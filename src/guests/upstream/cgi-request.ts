// What requests by SCGI, uwsgi and FastCGI have in common: the body is all there before the upstream hears of it, because they cannot say that
// its length is not known, and because each upstream has few processes, which should not wait for slow clients.
import type { Output } from "../../http/output.ts";
import type { Variable } from "../../protocols/variables.ts";
import { DEFAULT_VARIABLE_LIMITS } from "../../protocols/variables.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { RequestRefused } from "./errors.ts";
import { keptBody, streamedBody, withKept, type OutgoingBody } from "./outgoing-body.ts";
import type { OutgoingRequest, UpstreamAnswerDecoder, UpstreamAnswerListener } from "./upstream-protocol.ts";

/** A request whose body follows its head as it is. */
export class PlainRequest implements OutgoingRequest {
  readonly head: string;
  readonly body: OutgoingBody;
  readonly #decoder: (listener: UpstreamAnswerListener) => UpstreamAnswerDecoder;

  constructor(head: string, body: OutgoingBody, decoder: (listener: UpstreamAnswerListener) => UpstreamAnswerDecoder) {
    this.head = head;
    this.body = body;
    this.#decoder = decoder;
  }

  write(output: Output, chunk: Uint8Array): boolean {
    return output.write(chunk);
  }

  finish(): void {}

  decoder(listener: UpstreamAnswerListener): UpstreamAnswerDecoder {
    return this.#decoder(listener);
  }
}

/**
 * Makes a request when its body is there.
 *
 * @param isBuffered - false to send a body of known length on as it comes
 */
export function withBody(
  environ: WSGIEnvironment,
  isBuffered: boolean,
  make: (body: OutgoingBody) => OutgoingRequest,
): OutgoingRequest | Promise<OutgoingRequest> {
  const isStreamed = !isBuffered && environ.CONTENT_LENGTH !== undefined && environ.CONTENT_LENGTH !== "";
  return withKept(isStreamed ? streamedBody(environ) : keptBody(environ), make);
}

/** @throws RequestRefused when the variables are more than other servers take */
export function checkVariables(
  variables: readonly Variable[],
  maxBytes: number = DEFAULT_VARIABLE_LIMITS.maxBytes,
): void {
  let bytes = 0;
  for (const [name, value] of variables) bytes += name.length + value.length + 8;
  if (bytes > maxBytes)
    throw new RequestRefused(431, `The request has ${bytes} bytes of variables; expected at most ${maxBytes}`);
}
