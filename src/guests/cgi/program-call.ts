// One request to a program, and its answer. The request body is written while the answer is read: a program may answer before it has read
// all, and one that waits for the other direction would hang for ever (fcgiwrap and mod_cgid did). Source: RFC 3875; docs/guests/cgi.md.
//
// A head whose body does not follow soon leaves alone: an EventSource waits for it. Until then an answer that fails can become that of an error.
//
// The end of the answer is the end of the program's output, as in Apache, nginx and lighttpd; its exit code is only logged. A signal that has
// ended it breaks the answer off.
import { ClientDisconnected } from "../../http/errors.ts";
import { type AnswerHead, AnswerHeadDecoder } from "../../protocols/cgi/answer-head.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import { reasonOf } from "../../reason-phrase.ts";
import { NO_BYTES } from "../../wsgi/bytes.ts";
import type { StartResponse, Write, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { AnswerLength } from "../answer-length.ts";
import { BodyQueue } from "../body-queue.ts";
import type { OutgoingBody } from "../upstream/outgoing-body.ts";
import { ProgramError } from "./errors.ts";
import { logErrors } from "./error-lines.ts";
import type { Program, ProgramEnd } from "./program.ts";

/** How long a program may take. */
export interface ProgramTimes {
  /** For the head of its answer, from the last piece of the request body on. */
  readonly headSeconds: number;
  /** Between two pieces of the answer; also for what it does behind the answer. */
  readonly idleSeconds: number;
  /** From SIGTERM to SIGKILL. */
  readonly killSeconds: number;
}

/** A request. */
export interface ProgramRequest {
  readonly environ: WSGIEnvironment;
  readonly startResponse: StartResponse;
  readonly body: OutgoingBody;
  /** For messages. */
  readonly name: string;
  readonly times: ProgramTimes;
}

/** The body of an answer, or the path of another answer that is to be given. */
export type ProgramAnswer = WSGIBody | { readonly localRedirect: string };

/** A head waits so long for its body, to leave together with it, in milliseconds. Most programs write both at once. */
const HEAD_MILLISECONDS = 20;
/** After the end of its output, a program may take so long to exit before its answer counts as complete, in milliseconds. */
const EXIT_MILLISECONDS = 200;
/** What else holds the stream of errors may keep it so long after the exit, in milliseconds. */
const ERRORS_MILLISECONDS = 1000;

/** A call of a program that runs. */
export class ProgramCall {
  readonly #program: Program;
  readonly #request: ProgramRequest;
  readonly #decoder = new AnswerHeadDecoder();
  readonly #queue: BodyQueue;
  readonly #signal: AbortSignal | undefined;
  #head: AnswerHead | null = null;
  #length = new AnswerLength(-1);
  /** The answer is over, whatever the program still does. */
  #isOver = false;
  /** The length of the answer is known, and counts. */
  #isMeasured = false;
  #hasSurplus = false;
  #end: ProgramEnd | null = null;
  /** Sends the head ahead of the body; null when there is none to be sent. */
  #sendHead: Write | null = null;
  #heading: NodeJS.Timeout | undefined;
  #idling: NodeJS.Timeout | undefined;
  #killing: NodeJS.Timeout | undefined;
  #settle: { resolve: (answer: ProgramAnswer) => void; reject: (error: unknown) => void } | null = null;

  constructor(program: Program, request: ProgramRequest) {
    this.#program = program;
    this.#request = request;
    this.#signal = request.environ["tsgi.signal"];
    this.#queue = new BodyQueue({ resume: () => this.#resume(), abandon: () => this.#terminate() });
  }

  /**
   * Runs it to the head of its answer.
   *
   * @throws ProgramError when there is no answer that may be passed on; the client's error when it has left
   */
  run(): Promise<ProgramAnswer> {
    const { output, errors, ended } = this.#program;
    const { environ, name } = this.#request;
    output.on("data", (chunk: Buffer) => this.#take(chunk));
    output.once("close", () => this.#outputEnded());
    logErrors(errors, name, environ["wsgi.errors"]);
    void ended.then((end) => this.#exited(end));
    this.#signal?.addEventListener("abort", this.#left);
    this.#wait(this.#request.times.headSeconds);
    void this.#pump();
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#signal?.aborted === true) this.#left();
    });
  }

  async #pump(): Promise<void> {
    const { body } = this.#request;
    const { input } = this.#program;
    try {
      if (input === null) return;
      while (input.writable) {
        const chunk = await body.read();
        if (chunk.length === 0 || !input.writable) break;
        this.#idling?.refresh();
        if (!input.write(chunk)) await drained(input);
      }
      input.end();
    } catch (error) {
      this.#break(error);
    } finally {
      body.release();
    }
  }

  #take(chunk: Buffer): void {
    this.#idling?.refresh();
    let rest = chunk;
    if (this.#head === null) {
      if (this.#isOver) return;
      try {
        const decoded = this.#decoder.push(chunk);
        if (decoded === null) return;
        this.#begin(decoded.head);
        rest = decoded.rest;
      } catch (error) {
        const isAnswer = error instanceof GatewayProtocolError;
        this.#break(isAnswer ? new ProgramError(502, `${this.#request.name}: ${error.message}`) : error);
        return;
      }
    }
    if (this.#isOver) {
      if (rest.length > 0) this.#noteSurplus();
    } else if (rest.length > 0) this.#takeBody(rest);
    this.#giveWhenReady();
    if (this.#settle !== null) this.#heading ??= setTimeout(() => this.#giveHead(), HEAD_MILLISECONDS);
  }

  #takeBody(chunk: Buffer): void {
    const kept = this.#length.take(chunk);
    if (kept.length < chunk.length) this.#noteSurplus();
    if (!this.#queue.push(kept)) this.#pause();
    if (this.#length.isComplete) this.#complete();
  }

  #begin(head: AnswerHead): void {
    const { statusCode, reason, fields, localRedirect } = head;
    const { environ, startResponse, times } = this.#request;
    // A middleware may refuse it: then there is no head.
    if (localRedirect === null)
      this.#sendHead = startResponse(`${statusCode} ${reason || reasonOf(statusCode)}`, fields);
    this.#head = head;
    this.#noteExit();
    this.#wait(times.idleSeconds);
    if (localRedirect !== null) {
      this.#resolve({ localRedirect });
      this.#complete();
      return;
    }
    if (environ.REQUEST_METHOD === "HEAD" || statusCode === 204 || statusCode === 304) {
      this.#complete();
    } else {
      this.#length = new AnswerLength(head.contentLength);
      this.#isMeasured = head.contentLength !== -1;
      if (head.contentLength === 0) this.#complete();
    }
  }

  /** Some of the body has come, or its end: it leaves together with the head. */
  #giveWhenReady(): void {
    if (this.#settle !== null && this.#queue.isReady) this.#resolve(this.#queue.body);
  }

  #giveHead(): void {
    if (this.#settle === null) return;
    try {
      void this.#sendHead?.(NO_BYTES);
    } catch (error) {
      this.#break(error);
    }
    this.#resolve(this.#queue.body);
  }

  #outputEnded(): void {
    clearTimeout(this.#heading);
    this.#clearUp();
    if (this.#isOver) return;
    const isTooShort = this.#head !== null && this.#length.problem() !== null;
    if (isTooShort || this.#program.hasEnded) this.#conclude();
    else setTimeout(() => this.#conclude(), EXIT_MILLISECONDS);
  }

  /** There is no more output, and the program has had its time to exit. */
  #conclude(): void {
    if (this.#isOver) return;
    const signal = this.#end?.signal ?? null;
    const how = this.#end === null ? "" : ` (${howEnded(this.#end)})`;
    if (this.#head === null) {
      this.#break(new ProgramError(502, `${this.#request.name}: ${this.#decoder.ended().message}${how}`));
      return;
    }
    const problem = this.#length.problem();
    if (problem !== null) this.#break(problem);
    else if (signal !== null) {
      this.#break(new ProgramError(502, `${this.#request.name}: The answer breaks off${how}`));
    } else this.#complete();
  }

  #exited(end: ProgramEnd | null): void {
    this.#end = end;
    const { errors, output } = this.#program;
    setTimeout(() => errors.destroy(), ERRORS_MILLISECONDS).unref();
    if (output.destroyed) this.#conclude();
    this.#clearUp();
    this.#noteExit();
  }

  /** Of the exit and the head, either may be heard of first. */
  #noteExit(): void {
    const end = this.#end;
    if (this.#head === null || end === null || end.code === 0) return;
    this.#log(`The program has ended with exit code ${end.code}`);
  }

  /** Nothing is left to wait for when the program has ended and nobody can write. A child of it may. */
  #clearUp(): void {
    if (!this.#program.hasEnded || !this.#program.output.destroyed) return;
    clearTimeout(this.#idling);
    clearTimeout(this.#killing);
  }

  #noteSurplus(): void {
    if (this.#hasSurplus || !this.#isMeasured) return;
    this.#hasSurplus = true;
    this.#log("The body of the answer is longer than its Content-Length; the rest is left out");
  }

  #pause(): void {
    this.#program.output.pause();
    clearTimeout(this.#idling);
    this.#idling = undefined;
  }

  #resume(): void {
    this.#program.output.resume();
    if (!this.#program.output.destroyed) this.#wait(this.#request.times.idleSeconds);
  }

  readonly #left = (): void => {
    this.#break(new ClientDisconnected("The client disconnected", { cause: this.#signal?.reason }));
  };

  #complete(): void {
    this.#isOver = true;
    this.#signal?.removeEventListener("abort", this.#left);
    this.#queue.end();
    this.#giveWhenReady();
  }

  /** There is no answer, or no more of it. */
  #break(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener("abort", this.#left);
    this.#terminate();
    if (this.#head === null) {
      this.#settle?.reject(error);
      this.#settle = null;
    } else {
      this.#queue.fail(error);
      this.#giveWhenReady();
    }
  }

  #resolve(answer: ProgramAnswer): void {
    clearTimeout(this.#heading);
    this.#settle?.resolve(answer);
    this.#settle = null;
  }

  #wait(seconds: number): void {
    clearTimeout(this.#idling);
    this.#idling = setTimeout(() => this.#timedOut(seconds), seconds * 1000);
    this.#idling.unref();
  }

  #timedOut(seconds: number): void {
    const what = this.#head === null ? "has given no answer" : "has written nothing";
    const message = `${this.#request.name}: The program ${what} for ${seconds} s and is ended`;
    if (this.#isOver) {
      this.#log(message);
      this.#terminate();
    } else this.#break(new ProgramError(504, message));
  }

  /** Ends the program, and all that it has started. */
  #terminate(): void {
    const { output, input } = this.#program;
    this.#isOver = true;
    this.#signal?.removeEventListener("abort", this.#left);
    clearTimeout(this.#idling);
    if (this.#program.hasEnded && output.destroyed) return;
    input?.destroy();
    this.#program.kill("SIGTERM");
    output.resume();
    this.#killing ??= setTimeout(() => {
      this.#program.kill("SIGKILL");
      // Who has left the group may still hold it.
      output.destroy();
    }, this.#request.times.killSeconds * 1000);
  }

  #log(message: string): void {
    this.#request.environ["wsgi.errors"].write(`${this.#request.name}: ${message}\n`);
  }
}

function howEnded({ code, signal }: ProgramEnd): string {
  return signal === null ? `the program has ended with exit code ${code}` : `${signal} has ended the program`;
}

/** Resolves when there is room, or nobody reads any more. */
function drained(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
