// Reads the records of an answer: STDOUT is the answer in the form of CGI, STDERR is for the log, END_REQUEST is the end. What belongs to no
// request of ours is refused: on this connection there is none other. Source: FastCGI 1.0, sections 3.3, 5.3 and 5.5.
import { AnswerError } from "../../http/answer-error.ts";
import { ProtocolStatus, RecordType } from "../../protocols/fastcgi/record.ts";
import { type FastCGIRecord, RecordDecoder } from "../../protocols/fastcgi/record-decoder.ts";
import { LineSplitter } from "../../protocols/line-splitter.ts";
import { CgiAnswerDecoder } from "../upstream/cgi-answer-decoder.ts";
import type { UpstreamAnswerDecoder, UpstreamAnswerListener } from "../upstream/upstream-protocol.ts";
import { REQUEST_ID } from "./request-id.ts";

const END_CONTENT_BYTES = 8;
/** Most bytes of STDERR that are logged for one request. */
const MAX_NOTE_BYTES = 65_536;

/** Reads one answer. */
export class FastCGIAnswerDecoder implements UpstreamAnswerDecoder {
  readonly #answer: CgiAnswerDecoder;
  readonly #listener: UpstreamAnswerListener;
  readonly #isKept: boolean;
  readonly #records = new RecordDecoder((record) => this.#record(record));
  readonly #notes = new LineSplitter((line) => {
    if (line.trim() !== "") this.#listener.note(line.trimEnd());
  });
  #noteBytes = 0;
  #isEnded = false;
  #hasSurplus = false;

  /** @param isKept - whether the application was asked to leave the connection open */
  constructor(method: string, isKept: boolean, listener: UpstreamAnswerListener) {
    this.#answer = new CgiAnswerDecoder(method, listener);
    this.#isKept = isKept;
    this.#listener = listener;
  }

  push(chunk: Buffer): void {
    try {
      this.#records.push(chunk);
    } catch (error) {
      // What is behind the end is no part of the answer, and the end of the connection.
      if (!this.#isEnded) throw error;
      this.#hasSurplus = true;
    }
    if (!this.#isEnded) return;
    const isClean = this.#records.isBetweenRecords && !this.#hasSurplus;
    this.#answer.end(this.#isKept && isClean ? -1 : 0);
  }

  end(): void {
    this.#notes.end();
    if (this.#answer.isFulfilled) {
      this.#answer.end();
      return;
    }
    throw new AnswerError("ERR_HTTP_ANSWER_CUT", "The connection was closed before END_REQUEST");
  }

  #record({ type, id, content }: FastCGIRecord): void {
    if (this.#isEnded) {
      this.#hasSurplus = true;
      return;
    }
    // Of the connection as a whole; nothing was asked, so nothing is learned from it.
    if (id === 0 && (type === RecordType.getValuesResult || type === RecordType.unknown)) return;
    if (id !== REQUEST_ID)
      throw bad(`Expected records of request ${REQUEST_ID}, the only one on the connection, got one of request ${id}`);
    switch (type) {
      case RecordType.stdout:
        if (content.length > 0) this.#answer.push(content);
        break;
      case RecordType.stderr:
        this.#takeNote(content);
        break;
      case RecordType.endRequest:
        this.#endRequest(content);
        break;
      default:
        throw bad(`Expected a record of type STDOUT, STDERR or END_REQUEST, got type ${type}`);
    }
  }

  #endRequest(content: Buffer): void {
    if (content.length !== END_CONTENT_BYTES)
      throw bad(`END_REQUEST has ${content.length} bytes; expected ${END_CONTENT_BYTES}`);
    this.#notes.end();
    const status = content[4] as number; // eight bytes are there
    if (status === ProtocolStatus.overloaded || status === ProtocolStatus.cannotMultiplex)
      throw bad("The application is overloaded: it has no process free for the request");
    if (status !== ProtocolStatus.requestComplete)
      throw bad(
        status === ProtocolStatus.unknownRole
          ? "The application is no responder: it refused the role"
          : `END_REQUEST has the protocol status ${status}`,
      );
    const exitStatus = content.readInt32BE(0);
    if (exitStatus !== 0) this.#listener.note(`the script ended with status ${exitStatus}`);
    this.#isEnded = true;
  }

  #takeNote(content: Buffer): void {
    if (this.#noteBytes >= MAX_NOTE_BYTES) return;
    this.#noteBytes += content.length;
    this.#notes.push(content.toString("utf8"));
    if (this.#noteBytes < MAX_NOTE_BYTES) return;
    this.#notes.end();
    this.#listener.note(`more than ${MAX_NOTE_BYTES} bytes of messages; the rest is left out`);
  }
}

function bad(message: string): AnswerError {
  return new AnswerError("ERR_TSGI_FASTCGI_ANSWER", message);
}
