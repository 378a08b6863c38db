// An answer on its way to a web server in front: what FastCGI, SCGI, uwsgi and CGI have in common. The protocol's own framing is its owner's
// affair.
//
// The front writes this answer into a connection with its client, so a wrong length, an interim status or a control character would
// desynchronise that connection. What the HTTP engine refuses is therefore refused here, too (`Answer`), and a shortfall ends in an abort,
// never in a normal end. Source: RFC 3875 section 6; what nginx, Apache and lighttpd do with such answers
// (docs/decisions/0011-gateways.md).
import type { ResponseHead } from "../../http/response-head.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnswerWire } from "../answer.ts";
import { cgiHead, type HeadForm } from "./cgi-head.ts";

/** Carries the answer in one protocol. */
export interface AnswerCarrier {
  /** Sends the head and, behind it, the beginning of the body, which may be empty. @param isWhole - nothing follows @returns false when the front should be waited for */
  sendHead(head: string, body: Uint8Array, isWhole: boolean): boolean;
  /** Sends more of the body. @returns false when the front should be waited for */
  sendMore(chunk: Uint8Array): boolean;
  /** Ends an answer that was begun with more to come. */
  endAnswer(): void;
  /** The answer cannot be completed: end it so that the front notices. */
  breakOff(): void;
  /** Resolves when there is room, or when nobody waits any more. */
  drained(): Promise<void>;
  /** Told of the size of each head, in bytes. */
  headSent?(bytes: number): void;
}

const EMPTY = new Uint8Array(0);

/** The wire of one answer. */
export class FrontWire implements AnswerWire {
  readonly #carrier: AnswerCarrier;
  readonly #form: HeadForm;

  constructor(carrier: AnswerCarrier, form: HeadForm) {
    this.#carrier = carrier;
    this.#form = form;
  }

  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void {
    this.#carrier.sendHead(this.#head(head, contentLength), body ?? EMPTY, true);
  }

  begin(head: ResponseHead, first: Bytes): boolean {
    return this.#carrier.sendHead(this.#head(head, -1), first, false);
  }

  chunk(data: Bytes): boolean {
    return this.#carrier.sendMore(data);
  }

  drained(): Promise<void> {
    return this.#carrier.drained();
  }

  finish(): void {
    this.#carrier.endAnswer();
  }

  cut(): void {
    this.#carrier.breakOff();
  }

  /** @param length - of the body, where it is known and the application has not announced it; otherwise -1 */
  #head(head: ResponseHead, length: number): string {
    const text = cgiHead(head, this.#form, length);
    this.#carrier.headSent?.(text.length);
    return text;
  }
}
