// One lane: the socket to one thread of a guest, and that thread's requests, in order. Source: docs/lane-protocol.md.
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { decodeHead } from "../../protocols/lane/environ-text.ts";
import { LaneProtocolError } from "../../protocols/lane/errors.ts";
import { FrameFlag, FrameType, frameHeader, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";
import { receiveChanges } from "../../protocols/lane/shared-value.ts";
import { BatchTime } from "./batch-time.ts";
import { GuestApplicationFailed, GuestClientGone } from "./errors.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import { openFileRegion } from "./file-region.ts";
import type { LaneHello } from "./hello.ts";
import { InnerCall } from "./inner-call.ts";
import { isUpTo } from "./is-up-to.ts";
import { LaneOutput } from "./lane-output.ts";
import { LaneRequests } from "./lane-requests.ts";
import type { LaneLoad } from "./policy.ts";

/** The process that a lane belongs to. */
export interface LaneOwner {
  /** The guest's language, for messages. */
  readonly language: string;
  /** It runs as a different user than this process. */
  readonly isForeign: boolean;
  /** The process should be replaced. */
  wantsRetirement(reason: string): void;
  /** The lane is closed: its requests get no response. */
  ended(lane: Lane, error: Error | null): void;
  /** A log message that belongs to no request of this lane. */
  logged(text: string): void;
  /** Tells the guest that nobody wants the response to this request any more. */
  abort(slot: number, id: number): void;
  /** A lane without a watcher of its own has several requests: it is to be looked after. */
  watch(): void;
  /** A lane takes requests again that had to drop some. */
  freed(slot: number): void;
}

/** What a lane reports to its dispatcher. */
export interface LaneListener {
  /** The guest returned requests that it had not started. */
  requeue(exchanges: readonly GuestExchange[]): void;
  /** A batch was answered; it took this long per request. */
  measured(milliseconds: number): void;
  /** A request for this path was answered; it took this long once it was first in its lane. */
  answeredIn(path: string, milliseconds: number): void;
  /** The lane can take more requests. */
  relieved(): void;
}

/** The state of one lane. */
export class Lane implements LaneLoad {
  /** Index in the status file. */
  readonly slot: number;
  /** The thread's name in the guest's stack dumps. */
  readonly thread: string;
  /** How many requests it accepts at a time. */
  readonly maxBatch: number;
  /** The guest records which request it has started; otherwise all sent requests count as started. */
  readonly marksStarted: boolean;
  /** The guest has no thread that watches its batches: {@link LaneWatch} does. */
  readonly isWatchedHere: boolean;
  progressedAt = 0;
  /** When the current request last did something other than logging, in milliseconds. */
  activeAt = 0;
  /** Number of answered requests. */
  answeredCount = 0;
  isLost = false;
  /** The guest has returned requests because its thread is busy, maybe after a response; it takes no others yet. */
  isHeld = false;
  /** The current request waits for data from its client: that does not count as the application's time. */
  isFeeding = false;
  readonly #socket: Socket;
  readonly #owner: LaneOwner;
  readonly #listener: LaneListener;
  readonly #decoder: LaneDecoder;
  readonly #answerBytes: number;
  readonly #output: LaneOutput;
  readonly #requests = new LaneRequests();
  readonly #batchTime = new BatchTime();
  #innerCall: InnerCall | null = null;
  #isWaiting = false;
  /** Id of the last finished request. */
  #lastId = 0;
  /** Since when it is held, or has been at what it had answered. */
  #heldSince = 0;
  /** When the bytes came that are being read, and when the current request came first. */
  #receivedAt = 0;
  #currentSince = 0;

  /**
   * @param socket - connected, its HELLO read
   * @param slot - index in the status file
   * @param hello - what the guest said
   * @param answerBytes - how many bytes of one response are buffered before the guest has to wait
   * @param owner - the process
   * @param listener - its dispatcher
   */
  constructor(
    socket: Socket,
    slot: number,
    hello: LaneHello,
    answerBytes: number,
    owner: LaneOwner,
    listener: LaneListener,
  ) {
    this.#socket = socket;
    this.slot = slot;
    this.thread = hello.thread;
    this.maxBatch = hello.maxBatch;
    this.marksStarted = hello.status !== "none";
    this.isWatchedHere = hello.watcher === "host" && hello.maxBatch > 1;
    this.#output = new LaneOutput(socket, hello.keys);
    this.#answerBytes = answerBytes;
    this.#owner = owner;
    this.#listener = listener;
    this.#decoder = new LaneDecoder((frame) => this.#receive(frame));
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("error", () => {});
    socket.on("close", () => owner.ended(this, null));
  }

  /** Number of requests that were sent and are not answered yet. */
  get outstanding(): number {
    return this.#requests.length;
  }

  /** Batches among them. */
  get batches(): number {
    return this.#requests.batches;
  }

  /** The request to be answered next; null if the lane is idle. */
  get current(): GuestExchange | null {
    return this.#requests.current;
  }

  /** Whether it ever got a request. */
  get hasWorked(): boolean {
    return this.#lastId !== 0 || this.outstanding > 0;
  }

  /** How long the guest has been busy after a response while other requests waited, in milliseconds. */
  heldMilliseconds(now: number): number {
    return this.isHeld && this.outstanding === 0 ? now - this.#heldSince : 0;
  }

  /** The unanswered requests, in order. */
  get unanswered(): GuestExchange[] {
    return this.#requests.all;
  }

  /**
   * Sends requests in one write.
   *
   * @param exchanges - at least one
   * @param isBatched - whether more may follow before these are answered
   * @param now - in milliseconds
   */
  dispatch(exchanges: readonly GuestExchange[], isBatched: boolean, now: number): void {
    if (this.outstanding === 0) {
      this.progressedAt = now;
      this.#batchTime.begin(now);
    }
    for (const exchange of exchanges) {
      exchange.dispatchedAt = now;
      this.#requests.push(exchange);
    }
    this.#requests.endBatch();
    this.#output.sendRequests(exchanges, isBatched);
    if (this.isWatchedHere && this.outstanding > 1) this.#owner.watch();
  }

  /**
   * Takes responses from the status file that the guest has finished and not sent yet. It may still send them: then they are ignored.
   *
   * @param answers - by request id
   * @param now - in milliseconds
   */
  collect(answers: ReadonlyMap<number, LaneFrame>, now: number): void {
    for (;;) {
      const exchange = this.current;
      const answer = exchange?.responseBody === null ? answers.get(exchange.id) : undefined;
      if (exchange === null || answer === undefined) return;
      this.#receivedAt = this.activeAt = this.progressedAt = now;
      this.#receive(answer);
    }
  }

  /**
   * Takes back the requests that the guest has not started, after it was told not to start them. It takes others when it has dropped these.
   *
   * @param started - the last request that it has started
   */
  takeBack(started: number): void {
    const back = new Set(this.unanswered.map(({ id }) => id).filter((id) => !isUpTo(id, started)));
    this.isHeld = back.size > 0;
    this.#takeBack(back);
  }

  /** Nobody wants the response to a request any more. */
  abandon(exchange: GuestExchange): void {
    if (exchange.abandonedAt !== 0) return;
    exchange.abandonedAt = performance.now();
    if (this.current === exchange) this.#owner.abort(this.slot, exchange.id);
  }

  /** Closes the socket. */
  destroy(): void {
    this.isLost = true;
    this.#socket.destroy();
  }

  /** Removes all requests; called when the process is gone. */
  takeAll(): GuestExchange[] {
    this.#innerCall?.end();
    return this.#requests.clear();
  }

  #data(chunk: Buffer): void {
    this.#receivedAt = performance.now();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.#owner.ended(this, error as Error);
      return;
    }
    if (this.outstanding > 0) this.progressedAt = this.#receivedAt;
    if (this.#isWaiting) return;
    const body = this.current?.responseBody;
    if (body?.isFull === true) {
      this.#isWaiting = true;
      this.#socket.pause();
    }
  }

  #receive(frame: LaneFrame): void {
    const exchange = this.current;
    if (exchange === null || frame.id !== exchange.id) {
      this.#receiveOther(frame);
      return;
    }
    if (frame.type !== FrameType.log) this.activeAt = this.#receivedAt;
    try {
      this.#receiveFor(exchange, frame);
    } catch (error) {
      if (error instanceof LaneProtocolError) throw error;
      this.#breakOff(exchange, error as Error);
    }
  }

  /** Handles a frame that is not about the current request. */
  #receiveOther(frame: LaneFrame): void {
    switch (frame.type) {
      case FrameType.log:
        this.#owner.logged(frame.body.toString("utf8"));
        return;
      case FrameType.returned:
        if (this.maxBatch === 1) throw new LaneProtocolError("A guest that takes one request at a time gave one back");
        this.#returned(frame.body);
        return;
      case FrameType.free:
        this.isHeld = false;
        if (this.isWatchedHere) this.#owner.freed(this.slot);
        this.#listener.relieved();
        return;
      default:
    }
    // A thread of the application may have been writing while another one ended the request.
    if (frame.id !== 0 && isUpTo(frame.id, this.#lastId)) return;
    throw new LaneProtocolError(
      `Expected a frame for request ${this.current?.id ?? "none"}, got type ${frame.type} for ${frame.id}`,
    );
  }

  #receiveFor(exchange: GuestExchange, frame: LaneFrame): void {
    switch (frame.type) {
      case FrameType.response:
        this.#response(exchange, frame);
        break;
      case FrameType.chunk:
        exchange.responseBody?.push(frame.body);
        if ((frame.flags & FrameFlag.end) !== 0) {
          exchange.responseBody?.end();
          this.#over(exchange);
        }
        break;
      case FrameType.fail:
        this.#fail(exchange, frame);
        break;
      case FrameType.log:
        exchange.environ["wsgi.errors"].write(frame.body.toString("utf8"));
        break;
      case FrameType.read:
        this.#feed(exchange);
        break;
      case FrameType.hints:
        exchange.environ["wsgi.early_hints"]?.(decodeHead(frame.head || frame.body.toString("latin1"), false).headers);
        break;
      case FrameType.shared:
        receiveChanges(exchange.environ, JSON.parse(frame.body.toString("utf8")));
        break;
      case FrameType.file:
        this.#offerFile(exchange, frame);
        break;
      case FrameType.call:
        this.#innerCall?.end();
        this.#innerCall = new InnerCall(exchange, frame, this.#owner.language, (text, body) =>
          this.#output.send(text, body),
        );
        break;
      case FrameType.pull:
      case FrameType.give:
      case FrameType.drop:
        this.#innerCall?.receive(frame);
        break;
      default:
        throw new LaneProtocolError(`Expected a frame that a lane may carry, got type ${frame.type}`);
    }
  }

  /** This process could not handle the guest's response: the request fails, and the rest of its response is dropped. */
  #breakOff(exchange: GuestExchange, error: Error): void {
    exchange.fail(
      new GuestApplicationFailed(
        this.#owner.language,
        `What the ${this.#owner.language} application answered to ${exchange.description} cannot be sent: ${error.message}`,
        error.stack ?? "",
      ),
    );
    this.abandon(exchange);
  }

  #response(exchange: GuestExchange, frame: LaneFrame): void {
    if ((frame.flags & FrameFlag.end) !== 0) {
      this.#batchTime.told(frame.flags);
      exchange.whole(frame.head, frame.body);
      this.#over(exchange);
      return;
    }
    const owner = {
      resume: (): void => this.#resume(),
      abandon: (): void => this.abandon(exchange),
    };
    const body = exchange.begin(frame.head, frame.totalBytes, owner, this.#answerBytes, frame.body.length === 0);
    if (body === null) this.abandon(exchange);
    else body.push(frame.body);
  }

  #fail(exchange: GuestExchange, frame: LaneFrame): void {
    const { language } = this.#owner;
    const stack = frame.body.toString("utf8");
    if ((frame.flags & FrameFlag.gone) !== 0) {
      exchange.fail(new GuestClientGone(language));
    } else {
      const last = firstLine(frame.head) || (stack.trimEnd().split("\n").at(-1) ?? "");
      const error = new GuestApplicationFailed(
        language,
        `The ${language} application failed at ${exchange.description}: ${last}`,
        stack,
      );
      // Its answer may be complete on another connection, and nobody else would say this.
      const isUnheard = exchange.abandonedAt !== 0 || (exchange.elsewhere !== null && exchange.isSettled);
      if (isUnheard) exchange.environ["wsgi.errors"].write(`${error.stack ?? error.message}\n`);
      exchange.fail(error);
      if ((frame.flags & FrameFlag.retire) !== 0) this.#owner.wantsRetirement(`${last} at ${exchange.description}`);
    }
    this.#over(exchange);
  }

  /** The current request is done; the next one, if any, has started. */
  #over(exchange: GuestExchange): void {
    exchange.release();
    this.#innerCall?.end();
    this.#innerCall = null;
    this.#lastId = exchange.id;
    if (this.isHeld) this.#heldSince = this.#receivedAt;
    const since = Math.max(exchange.dispatchedAt, this.#currentSince);
    this.#currentSince = this.#receivedAt;
    this.answeredCount += 1;
    this.#listener.answeredIn(exchange.environ.PATH_INFO, this.#receivedAt - since);
    this.#batchTime.counted();
    if (this.#requests.shift()) this.#batchOver();
    if (this.#isWaiting) this.#resume();
  }

  #batchOver(): void {
    const now = this.#receivedAt;
    this.#listener.measured(this.#batchTime.end(now));
    this.progressedAt = now;
    this.#listener.relieved();
  }

  /** Takes back requests that the guest has not started because its current one is slow. */
  #returned(body: Buffer): void {
    const ids = new Set<number>();
    for (let at = 0; at + 4 <= body.length; at += 4) ids.add(body.readUInt32LE(at));
    this.isHeld = true;
    this.#takeBack(ids);
  }

  #takeBack(ids: ReadonlySet<number>): void {
    const back = this.#requests.remove(ids);
    // What this process has taken back is returned once more by the guest.
    if (back.length === 0) return;
    this.#heldSince = performance.now();
    this.#listener.measured(performance.now() - this.progressedAt);
    this.#listener.requeue(back);
  }

  #resume(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#socket.resume();
  }

  /** Sends the next chunk of a streamed request body. */
  #feed(exchange: GuestExchange): void {
    const { body, id } = exchange;
    this.isFeeding = true;
    // If the request was aborted, an end of body would make it look complete.
    const read = body.kind === "stream" ? body.read() : Promise.reject(new GuestClientGone(this.#owner.language));
    const fed = read.finally(() => {
      this.isFeeding = false;
      this.activeAt = performance.now();
    });
    fed.then(
      (piece) =>
        this.#output.send(
          frameHeader(FrameType.body, id, 0, piece?.length ?? 0, piece === null ? FrameFlag.end : 0),
          piece,
        ),
      () => this.#output.send(frameHeader(FrameType.body, id, 0, 0, FrameFlag.end | FrameFlag.gone), null),
    );
  }

  #offerFile(exchange: GuestExchange, frame: LaneFrame): void {
    // Another user's process could make us read a file that it may not read: its descriptor may be opened with O_PATH.
    const offered = this.#owner.isForeign ? Promise.resolve(null) : openFileRegion(frame.body);
    void offered.then((file) => {
      const isTaken = file !== null && !exchange.isSettled;
      if (isTaken) exchange.beginWith(frame.head, file.length, file);
      else void file?.close();
      this.#output.send(frameHeader(FrameType.taken, exchange.id, 0, 0, isTaken ? FrameFlag.end : 0), null);
    });
  }
}

/** The head of FAIL, which is UTF-8 and should be one line. */
function firstLine(head: string): string {
  return Buffer.from(head, "latin1").toString("utf8").split("\n", 1)[0] ?? "";
}
