// One request to an upstream, and its answer. It lives through: waits for a connection → asks → is announced (the head has come) → given (a
// body for the gateway, whole or streamed, when some of it has come or the upstream is silent for a while) → over. Until it is given, whatever
// goes wrong is answered with 502 or 504; after it, the answer breaks off.
// Source: RFC 9110 sections 9.2.2 (what may be sent twice) and 15.6; RFC 9112 section 9.3.
import { AnswerError } from "../../http/answer-error.ts";
import { ClientDisconnected } from "../../http/errors.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import { NO_BYTES } from "../../wsgi/bytes.ts";
import { escapeText } from "../../wsgi/escape-text.ts";
import { reasonOf } from "../../reason-phrase.ts";
import type { HeaderList, InputStream, StartResponse, Write, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { BodyQueue, type BodyWriter } from "../body-queue.ts";
import { errorAnswer } from "../failed-answer.ts";
import { connectProblem } from "./connect-problem.ts";
import { UpstreamError, type UpstreamStatus } from "./errors.ts";
import { Tunnel } from "./tunnel.ts";
import type { ConnectedPeer, ConnectionUser, UpstreamConnection } from "./upstream-connection.ts";
import type { ConnectionWaiter, UpstreamPool } from "./upstream-pool.ts";
import type { OutgoingRequest, UpstreamAnswerDecoder, UpstreamAnswerListener } from "./upstream-protocol.ts";

/** Methods whose requests may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** How long an upstream is given to say 100 Continue; not every one knows how (RFC 9110 section 10.1.1). */
const CONTINUE_SECONDS = 1;
/** What could forge a line of the log, or command a terminal. */
const UNSAFE = /[\0-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const NEVER = Number.POSITIVE_INFINITY;

/** A request that is being answered. */
export class UpstreamCall implements ConnectionUser, ConnectionWaiter, UpstreamAnswerListener, BodyWriter {
  /** The body; rejected when the request itself cannot be read. */
  readonly answer: Promise<WSGIBody>;
  isWaiting = true;
  readonly #pool: UpstreamPool;
  readonly #environ: WSGIEnvironment;
  readonly #startResponse: StartResponse;
  readonly #request: OutgoingRequest;
  readonly #emptyAnswerHint: string;
  readonly #queue: BodyQueue;
  #resolve!: (body: WSGIBody) => void; // set by the constructor's promise
  #reject!: (error: unknown) => void;
  #connection: UpstreamConnection | null = null;
  #decoder: UpstreamAnswerDecoder | null = null;
  /** Has the connection, and all that is still to come, once the upstream has gone over to another protocol. */
  #tunnel: Tunnel | null = null;
  /** Whether the whole request was handed to the connection. */
  #isSent = false;
  /** Whether a byte of an answer has come. */
  #isHeard = false;
  /** What sends the head ahead of the body; null before the head has come. */
  #sendHead: Write | null = null;
  #isGiven = false;
  #isOver = false;
  #isPaused = false;
  #isRetried = false;
  /** Whether anything has come since the clock ticked last. */
  #isSilent = false;
  #avoided: Set<ConnectedPeer> | null = null;
  #readDeadline = NEVER;
  #connectDeadline = NEVER;
  #continueDeadline = NEVER;
  readonly #totalDeadline: number;

  /** @param emptyAnswerHint - for the log, when the upstream closes the connection without a word; may be empty */
  constructor(
    pool: UpstreamPool,
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    request: OutgoingRequest,
    emptyAnswerHint = "",
  ) {
    this.#emptyAnswerHint = emptyAnswerHint;
    this.#pool = pool;
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#request = request;
    this.#queue = new BodyQueue(this);
    const { totalSeconds } = pool.settings;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    pool.acquire(this);
    this.#totalDeadline = this.#deadline(totalSeconds);
  }

  stillWaits(): boolean {
    return this.isWaiting && !this.#hasClientLeft();
  }

  granted(connection: UpstreamConnection): void {
    this.isWaiting = false;
    this.#connection = connection;
    connection.user = this;
    this.#decoder = this.#request.decoder(this);
    this.#isSent = false;
    this.#isHeard = false;
    if (connection.isConnecting) this.#connectDeadline = this.#deadline(this.#pool.settings.connectSeconds);
    else this.#send(connection);
  }

  refused(error: UpstreamError): void {
    this.isWaiting = false;
    this.#giveUp(error);
  }

  connected(): void {
    this.#connectDeadline = NEVER;
    if (this.#connection !== null) this.#send(this.#connection);
  }

  received(chunk: Buffer): void {
    this.#isHeard = true;
    this.#isSilent = false;
    this.#expectMore();
    this.#read((decoder) => decoder.push(chunk));
  }

  ended(): void {
    if (this.#mayRetry()) this.#retry();
    else this.#read((decoder) => decoder.end());
  }

  lost(error: Error | null, isConnecting: boolean): void {
    const connection = this.#connection;
    if (connection === null) return;
    const reason = error === null ? "" : ` (${(error as NodeJS.ErrnoException).code ?? error.message})`;
    if (isConnecting) this.#connectFailed(connection, 502, "CONNECT", connectProblem(error));
    else if (this.#mayRetry()) this.#retry();
    else {
      this.#pool.failed(connection.peer);
      const where = this.#isAnnounced
        ? "in its answer"
        : this.#isHeard
          ? "in the head of its answer"
          : "before its answer";
      this.#fail(502, "BROKE_OFF", `broke off the connection ${where}${reason}${this.#hint}`);
    }
  }

  interim(statusCode: number, fields: HeaderList): void {
    if (statusCode === 100) this.#continue();
    if (statusCode !== 103) return;
    this.#environ["wsgi.early_hints"]?.(fields.filter(([name]) => name.toLowerCase() !== "content-length"));
  }

  head(statusCode: number, reason: string, fields: HeaderList): void {
    const connection = this.#connection as UpstreamConnection; // it has just given this head
    connection.peer.downUntil = 0;
    this.#continueDeadline = NEVER;
    const input = statusCode === 101 ? this.#upgraded() : null;
    this.#sendHead = this.#startResponse(`${statusCode} ${reason === "" ? reasonOf(statusCode) : reason}`, fields);
    if (input !== null) this.#switch(connection, input);
  }

  data(chunk: Buffer): void {
    if (this.#tunnel !== null) {
      this.#tunnel.received(chunk);
      return;
    }
    if (this.#queue.push(chunk) || this.#connection === null) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  complete(keepSeconds: number): void {
    const connection = this.#connection;
    this.#end();
    this.#queue.end();
    if (connection === null) return;
    if (this.#isPaused) connection.resume();
    // What has not heard the whole request would take the next one for its rest.
    if (this.#isSent) this.#pool.release(connection, keepSeconds);
    else connection.destroy();
  }

  note(text: string): void {
    const label = this.#connection?.peer.address.label ?? this.#pool.label;
    this.#environ["wsgi.errors"].write(this.#entry(`Upstream "${label}": ${text.replaceAll(UNSAFE, "?")}`));
  }

  /** The gateway has room again. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#expectMore();
    this.#connection?.resume();
  }

  /** Nobody wants the rest of the answer. */
  abandon(): void {
    this.#drop();
  }

  tick(now: number): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (this.#isAnnounced && !this.#isGiven && this.#isSilent) this.#giveHead();
    if (this.#isSilent && !this.#isPaused && this.#hasClientLeft()) return;
    this.#isSilent = true;
    const { connectSeconds, readSeconds, writeSeconds, totalSeconds } = this.#pool.settings;
    if (now > this.#continueDeadline) this.#continue();
    if (now > this.#totalDeadline) this.#fail(504, "DEADLINE", `did not answer completely in ${totalSeconds} s`);
    else if (now > this.#connectDeadline)
      this.#connectFailed(connection, 504, "CONNECT_TIMEOUT", `cannot be connected to in ${connectSeconds} s`);
    else if (writeSeconds > 0 && connection.output.isStalled(now, writeSeconds))
      this.#fail(504, "STALLED", `took no more of the request for ${writeSeconds} s`);
    else if (now > this.#readDeadline && !this.#isPaused) {
      if (!this.#isHeard) this.#pool.failed(connection.peer);
      const what = this.#isAnnounced ? "sent no more of its answer" : "did not answer";
      this.#fail(504, "TIMEOUT", `${what} for ${readSeconds} s`);
    }
  }

  get #isAnnounced(): boolean {
    return this.#sendHead !== null;
  }

  /** What the operator should look at when nothing came. */
  get #hint(): string {
    return this.#isHeard || this.#emptyAnswerHint === "" ? "" : `; ${this.#emptyAnswerHint}`;
  }

  #deadline(seconds: number): number {
    return seconds === 0 ? NEVER : this.#pool.clock.deadline(seconds);
  }

  #expectMore(): void {
    this.#readDeadline = this.#deadline(this.#pool.settings.readSeconds);
  }

  #send(connection: UpstreamConnection): void {
    const { head, body, isExpecting } = this.#request;
    this.#expectMore();
    if (body.length === 0) {
      connection.writeText(head);
      this.#isSent = true;
    } else if (body.whole !== null) {
      connection.cork();
      connection.writeText(head);
      this.#request.write(connection.output, body.whole);
      this.#request.finish(connection.output);
      connection.uncork();
      this.#isSent = true;
    } else {
      connection.writeText(head);
      if (isExpecting === true) this.#continueDeadline = this.#deadline(CONTINUE_SECONDS);
      else this.#sendBody(connection);
    }
  }

  /** The upstream wants the body, or does not say. */
  #continue(): void {
    if (this.#continueDeadline === NEVER || this.#connection === null) return;
    this.#continueDeadline = NEVER;
    this.#sendBody(this.#connection);
  }

  #sendBody(connection: UpstreamConnection): void {
    this.#pump(connection).catch((error: unknown) => {
      if (this.#connection === connection) this.#crash(error);
    });
  }

  async #pump(connection: UpstreamConnection): Promise<void> {
    const { body } = this.#request;
    const { output } = connection;
    for (;;) {
      const chunk = await body.read();
      if (this.#connection !== connection) return;
      this.#expectMore();
      if (chunk.length === 0) break;
      if (!this.#request.write(output, chunk)) {
        await output.drained();
        if (this.#connection !== connection) return;
      }
    }
    this.#request.finish(output);
    this.#isSent = true;
  }

  #read(step: (decoder: UpstreamAnswerDecoder) => void): void {
    const decoder = this.#decoder;
    if (decoder === null) return;
    try {
      step(decoder);
    } catch (error) {
      if (error instanceof AnswerError || error instanceof GatewayProtocolError)
        this.#fail(502, "ANSWER", `gave no proper answer: ${error.message}${this.#hint}`, error);
      else this.#crash(error);
      return;
    }
    this.#give();
  }

  #give(): void {
    if (!this.#isAnnounced || this.#isGiven) return;
    // Head and body often come one shortly after the other; see `tick` for those that do not.
    if (this.#tunnel === null && !this.#queue.isReady) return;
    this.#isGiven = true;
    this.#resolve(this.#tunnel?.body ?? this.#queue.body);
  }

  /** The client is told of an answer whose body takes time: an EventSource waits for it. */
  #giveHead(): void {
    try {
      void this.#sendHead?.(NO_BYTES);
    } catch (error) {
      this.#crash(error);
      return;
    }
    this.#isGiven = true;
    this.#resolve(this.#queue.body);
  }

  /** The upstream has gone over to the protocol that the client asked for, and the client follows. */
  #upgraded(): InputStream {
    const input = this.#environ["tsgi.upgrade"]?.(this.#request.upgrade ?? "");
    if (input === undefined) throw new TypeError("The gateway does not offer another protocol any more");
    return input;
  }

  #switch(connection: UpstreamConnection, input: InputStream): void {
    this.#end();
    this.#tunnel = new Tunnel(connection, input, this.#pool.clock, this.#pool.settings);
    this.#pool.switched(connection);
  }

  /** Whether a connection that had been kept was closed before it brought anything, and the request may be sent again. */
  #mayRetry(): boolean {
    const { body } = this.#request;
    return (
      this.#connection?.isReused === true &&
      !this.#isHeard &&
      !this.#isRetried &&
      body.isKept &&
      IDEMPOTENT.has(this.#environ.REQUEST_METHOD)
    );
  }

  #retry(): void {
    this.#isRetried = true;
    if (this.#connection !== null) this.#pool.countRetry(this.#connection.peer);
    this.#again(true);
  }

  #again(isFresh: boolean): void {
    this.#connection?.destroy();
    this.#connection = null;
    this.#request.body.rewind();
    this.#connectDeadline = NEVER;
    this.isWaiting = true;
    this.#pool.acquire(this, isFresh, this.#avoided);
  }

  /** The upstream has seen nothing, so that another address may be asked whatever the request is. */
  #connectFailed(connection: UpstreamConnection, status: UpstreamStatus, word: string, problem: string): void {
    this.#pool.failed(connection.peer);
    this.#avoided ??= new Set();
    this.#avoided.add(connection.peer);
    if (this.#avoided.size < this.#pool.addressCount) {
      this.#pool.countFailure(connection.peer, false);
      this.#again(false);
    } else this.#fail(status, word, problem);
  }

  #fail(status: UpstreamStatus, word: string, problem: string, cause?: Error): void {
    const peer = this.#connection?.peer;
    const label = peer?.address.label ?? this.#pool.label;
    if (peer !== undefined) this.#pool.countFailure(peer, true);
    this.#giveUp(new UpstreamError(status, word, label, problem, cause === undefined ? {} : { cause }));
  }

  #giveUp(error: UpstreamError): void {
    this.#drop();
    if (this.#isGiven) {
      this.#queue.fail(error);
      return;
    }
    this.#isGiven = true;
    if (error.status !== 503 || this.#pool.mayReport()) this.#environ["wsgi.errors"].write(this.#entry(error.message));
    try {
      // A head that has come, and nothing behind it, is replaced.
      this.#resolve(errorAnswer(this.#startResponse, error.status, this.#isAnnounced ? error : null));
    } catch (thrown) {
      this.#reject(thrown);
    }
  }

  /** Something else than the upstream has failed. */
  #crash(error: unknown): void {
    this.#drop();
    if (this.#isGiven) this.#queue.fail(error);
    else this.#reject(error);
    this.#isGiven = true;
  }

  #entry(message: string): string {
    const { REQUEST_METHOD: method, REQUEST_URI: uri, PATH_INFO: path } = this.#environ;
    return `${message} (${escapeText(`${method} ${uri ?? path}`)})\n`;
  }

  /**
   * Gives up a request whose client has left. Asked only in the queue, and while the upstream is silent: of short requests a signal would be
   * the dearest part, and who has only closed its sending side gets an answer that goes on coming.
   */
  #hasClientLeft(): boolean {
    if (this.#environ["tsgi.signal"]?.aborted !== true) return false;
    this.#crash(new ClientDisconnected("The client left before its request was answered"));
    return true;
  }

  #drop(): void {
    const connection = this.#connection;
    this.#end();
    connection?.destroy();
  }

  #end(): void {
    this.isWaiting = false;
    this.#connection = null;
    this.#decoder = null;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#request.body.release();
  }
}
