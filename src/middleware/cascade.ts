// Tries applications in turn: the first answer whose status is not among those to catch is the answer. Each application gets a
// copy of the environ, and the body of the request from its start. Source: Paste's cascade; Rack::Cascade for the idea.
import type { AppLoader } from "../deploy/factories.ts";
import { TSGIError } from "../errors.ts";
import { toApplication } from "../wsgi/application.ts";
import { EMPTY_INPUT, nextChunk, WSGIInputStream } from "../wsgi/input-stream.ts";
import type {
  Bytes,
  InputStream,
  StartResponse,
  WSGIApplication,
  WSGIApplicationLike,
  WSGIBody,
  WSGIEnvironment,
} from "../wsgi/types.ts";
import { openedBody } from "./writing/chunk-iterables.ts";
import { MiddlewareOptionError } from "./errors.ts";

/** Options of {@link cascade}. */
export interface CascadeOptions {
  /** Statuses after which the next application is tried. @default [404, 405] */
  readonly catches?: readonly number[];
  /**
   * How much of the request body is kept for the next application, in bytes. Longer bodies pass too, but a later application that has to
   * read again what an earlier one has read gets 413. @default 1048576
   */
  readonly maxReplayBytes?: number;
}

/** As Rack has it; Paste goes on after 404 only. */
const DEFAULT_CATCHES = [404, 405];
const DEFAULT_REPLAY_BYTES = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;

/**
 * Tries applications in turn. The response of the last one is always sent.
 *
 * In a pipeline: at the end; each application may have its own middleware.
 *
 * @param applications - at least one
 * @param options - what counts as "not me"
 * @throws {MiddlewareOptionError} without an application, or with a status that is none
 * @example
 * const app = cascade([staticFiles, api]);
 */
export function cascade(applications: readonly WSGIApplicationLike[], options: CascadeOptions = {}): WSGIApplication {
  const candidates = applications.map(toApplication);
  const last = candidates.pop();
  if (last === undefined) throw new MiddlewareOptionError("A cascade has no application; expected one or more");
  const catches = new Set((options.catches ?? DEFAULT_CATCHES).map(statusText));
  const maxReplayBytes = options.maxReplayBytes ?? DEFAULT_REPLAY_BYTES;

  return async function tryInTurn(environ, startResponse) {
    const replay = new RequestReplay(environ["wsgi.input"], maxReplayBytes);
    for (const candidate of candidates) {
      const attempt: WSGIEnvironment = { ...environ, "wsgi.input": replay.stream(false) };
      const body = await answerOf(candidate, attempt, startResponse, catches);
      if (body !== null) return body;
    }
    environ["wsgi.input"] = replay.stream(true);
    return last(environ, startResponse);
  };
}

/**
 * The composite `egg:tsgi#cascade`: the keys, in the order of their names, hold names of applications; `catch` lists statuses.
 *
 * @throws {MiddlewareOptionError} for a status that is none
 */
export async function compositeFactory(
  loader: AppLoader,
  globalConf: Record<string, string>,
  localConf: Record<string, string>,
): Promise<WSGIApplication> {
  const { catch: statuses, ...names } = localConf;
  const applications: WSGIApplication[] = [];
  for (const [, name] of Object.entries(names).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    applications.push(await loader.getApp(name, globalConf));
  }
  const catches = statuses === undefined ? DEFAULT_CATCHES : statuses.split(/[\s,]+/).map(Number);
  return cascade(applications, { catches });
}

/** Calls one application; null when its answer is to be caught, and then its body is closed. */
async function answerOf(
  application: WSGIApplication,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  catches: ReadonlySet<string>,
): Promise<WSGIBody | null> {
  let state = "silent" as "silent" | "caught" | "answered";
  const body = await application(environ, (status, headers, excInfo) => {
    if (state !== "answered") state = catches.has(status.slice(0, 3)) ? "caught" : "answered";
    return state === "caught" ? discard : startResponse(status, headers, excInfo);
  });
  // A generator says its status only when its first chunk is asked for.
  const opened = state === "silent" ? await openedBody(body) : null;
  if (state !== "caught") return opened ?? body;
  await (opened ?? body).close?.();
  return null;
}

/** Takes chunks of an answer that nobody will see. */
function discard(): void {}

/**
 * The body of a request, which several applications may read from its start, one after the other. Nothing is kept until somebody reads,
 * and nothing any more once it is too long: it goes on to the one that reads it then, and only a later one that wants it has to do without.
 */
class RequestReplay {
  readonly #input: InputStream;
  readonly #maxBytes: number;
  #chunks: Bytes[] = [];
  #keptBytes = 0;
  /** Counts the applications; only the present one may read. */
  #turn = 0;
  #isLastTurn = false;
  /** The turn in which the body became too long to be kept. */
  #lostInTurn: number | null = null;
  /** The read that is under way; the application that began it may have had its turn. */
  #reading: Promise<Bytes | null> | null = null;

  constructor(input: InputStream, maxBytes: number) {
    this.#input = input;
    this.#maxBytes = maxBytes;
  }

  /** Gives the body to the next application, and takes it away from the one before. */
  stream(isLast: boolean): InputStream {
    if (this.#input === EMPTY_INPUT) return EMPTY_INPUT;
    this.#turn += 1;
    this.#isLastTurn = isLast;
    const turn = this.#turn;
    let next = 0;
    return new WSGIInputStream({ pull: () => this.#chunk(turn, next++) });
  }

  async #chunk(turn: number, index: number): Promise<Bytes | null> {
    for (;;) {
      if (turn !== this.#turn) throw new ReplayOver();
      if (this.#lostInTurn !== null && this.#lostInTurn !== turn) throw new ReplayTooLarge(this.#maxBytes);
      const kept = this.#chunks[index];
      if (kept !== undefined) return kept;
      if (this.#reading === null) return this.#readOn(turn);
      await this.#reading.catch(() => undefined); // its caller gets the error
    }
  }

  async #readOn(turn: number): Promise<Bytes | null> {
    this.#reading = nextChunk(this.#input, BLOCK_BYTES).then((chunk) => {
      if (chunk.length === 0) return null;
      if (!this.#isLastTurn && this.#lostInTurn === null) this.#keep(chunk, turn);
      return chunk;
    });
    try {
      return await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  #keep(chunk: Bytes, turn: number): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes <= this.#maxBytes) {
      this.#chunks.push(chunk);
    } else {
      this.#chunks = [];
      this.#lostInTurn = turn;
    }
  }
}

/** The body of a request is larger than what a cascade keeps. */
class ReplayTooLarge extends TSGIError {
  readonly status = 413;

  constructor(maxBytes: number) {
    const message = `Cannot give the request to the next application of the cascade: more than ${maxBytes} bytes of it were read already`;
    super("remote", "ERR_TSGI_CASCADE_BODY", message);
  }
}

/** An application reads although the request has gone on. */
class ReplayOver extends TSGIError {
  constructor() {
    super("violation", "ERR_TSGI_CASCADE_OVER", "Read the body before the answer is given up for the next application");
  }
}

function statusText(status: number): string {
  if (Number.isInteger(status) && status >= 100 && status <= 599) return String(status);
  throw new MiddlewareOptionError(`Cannot use the status "${status}"; expected a number from 100 to 599`);
}
