// Reads an answer in the form of CGI, which SCGI and FastCGI carry: a head, then a body until the end, held to the length that the head has
// announced. Source: RFC 3875 section 6.
import { AnswerError } from "../../http/answer-error.ts";
import { AnswerHeadDecoder } from "../../protocols/cgi/answer-head.ts";
import { AnswerLength } from "../answer-length.ts";
import type { UpstreamAnswerDecoder, UpstreamAnswerListener } from "./upstream-protocol.ts";

/** Reads one answer. */
export class CgiAnswerDecoder implements UpstreamAnswerDecoder {
  readonly #method: string;
  readonly #listener: UpstreamAnswerListener;
  #head: AnswerHeadDecoder | null = new AnswerHeadDecoder();
  #length = new AnswerLength(-1);
  #hasBody = true;

  /** @param method - of the request: an answer to HEAD has no body */
  constructor(method: string, listener: UpstreamAnswerListener) {
    this.#method = method;
    this.#listener = listener;
  }

  /** Whether everything has come that the head has announced, although the end has not. */
  get isFulfilled(): boolean {
    return this.#head === null && (!this.#hasBody || this.#length.isComplete);
  }

  push(chunk: Buffer): void {
    if (this.#head === null) {
      this.#data(chunk);
      return;
    }
    const decoded = this.#head.push(chunk);
    if (decoded === null) return;
    this.#head = null;
    const { statusCode, reason, fields, contentLength, localRedirect } = decoded.head;
    this.#hasBody = this.#method !== "HEAD" && statusCode !== 204 && statusCode !== 304;
    if (this.#hasBody) this.#length = new AnswerLength(contentLength);
    // Another server has already answered for this path: the client is the one who can ask for the other.
    const all = localRedirect === null ? fields : [...fields, ["Location", localRedirect] as [string, string]];
    this.#listener.head(statusCode, reason, all);
    if (decoded.rest.length > 0) this.#data(decoded.rest);
  }

  /** The answer is over. @param keepSeconds - how long the connection can be used again */
  end(keepSeconds = 0): void {
    if (this.#head !== null) throw this.#head.ended();
    const problem = this.#length.problem();
    if (problem !== null && !this.#length.isComplete)
      throw new AnswerError("ERR_HTTP_ANSWER_CUT", problem.message, { cause: problem });
    if (problem !== null) this.#listener.note(`${problem.message}; the surplus was cut off`);
    this.#listener.complete(keepSeconds);
  }

  #data(chunk: Buffer): void {
    if (!this.#hasBody) return;
    const kept = this.#length.take(chunk);
    if (kept.length > 0) this.#listener.data(kept as Buffer); // a part of a Buffer is one
  }
}
