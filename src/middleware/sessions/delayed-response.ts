// A response whose head waits for something that is not done when the application announces it: then it gets what came of that, and only
// then the server hears of it. Source: PEP 3333, "The start_response() Callable" and the paragraphs on write().
import { ContractViolation } from "../../wsgi/errors.ts";
import type { Bytes, ExcInfo, HeaderList, StartResponse, WSGIBody, Write } from "../../wsgi/types.ts";
import { closeAfterError, closedWith } from "../writing/body-close.ts";

interface Head {
  readonly status: string;
  readonly headers: HeaderList;
  readonly excInfo: ExcInfo | null;
}

/** One response under delay; the application gets its `startResponse`, the server its `body`. */
export class DelayedResponse<Result> {
  readonly #outer: StartResponse;
  readonly #begin: () => Promise<Result> | null;
  readonly #finish: (headers: HeaderList, result: Result | null) => void;
  #work: Promise<Result> | null | undefined;
  #result: Result | null = null;
  /** What the server has not heard of yet. */
  #waiting: Head | null = null;
  #write: Write | null = null;

  /**
   * @param outer - of the server
   * @param begin - is called once, when the application announces its response; null when there is nothing to wait for
   * @param finish - gives the headers what came of it
   */
  constructor(
    outer: StartResponse,
    begin: () => Promise<Result> | null,
    finish: (headers: HeaderList, result: Result | null) => void,
  ) {
    this.#outer = outer;
    this.#begin = begin;
    this.#finish = finish;
  }

  readonly startResponse: StartResponse = (status, headers, excInfo = null) => {
    if (this.#waiting !== null && excInfo === null) {
      const what = "Call startResponse once; a second call must pass the error as excInfo";
      throw new ContractViolation("ERR_TSGI_HEADERS_SET", what);
    }
    if (this.#work === undefined) {
      this.#work = this.#begin();
      this.#work?.catch(() => undefined); // its caller gets the error
    }
    const head = { status, headers: headers.slice(), excInfo };
    if (this.#work === null || this.#write !== null) return this.#announce(head);
    this.#waiting = head;
    return (data) => {
      const written = this.#told().then(() => this.#write?.(data));
      written.catch(() => undefined); // an application need not wait: the body fails with the same error
      return written;
    };
  };

  /** Gives the body for the server, once the head may be told; a body that announces its response while it is iterated waits then. */
  async body(inner: WSGIBody): Promise<WSGIBody> {
    if (this.#work === undefined) {
      return Array.isArray(inner) || inner === null || typeof inner !== "object"
        ? inner // the server will complain
        : closedWith(this.#toldFirst(inner), inner);
    }
    try {
      await this.#told();
      return inner;
    } catch (error) {
      closeAfterError(inner);
      throw error;
    }
  }

  #announce({ status, headers, excInfo }: Head): Write {
    this.#finish(headers, this.#result);
    this.#write = this.#outer(status, headers, excInfo);
    return this.#write;
  }

  async #told(): Promise<void> {
    if (this.#waiting === null) return;
    this.#result = (await this.#work) ?? null;
    const head = this.#waiting; // another one may have come, or may have been told, meanwhile
    this.#waiting = null;
    if (head !== null) this.#announce(head);
  }

  async *#toldFirst(inner: WSGIBody): AsyncGenerator<Bytes> {
    for await (const chunk of inner) {
      await this.#told();
      yield chunk;
    }
    await this.#told();
  }
}
