// Runs programs for requests, within the limits of one application.
import { availableParallelism } from "node:os";
import { ServiceError } from "../../http/errors.ts";
import { requestVariables } from "../../protocols/cgi/request-variables.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import type { StartResponse, WSGIEnvironment } from "../../wsgi/types.ts";
import { failedAnswer } from "../failed-answer.ts";
import { keptBody, type OutgoingBody, streamedBody } from "../upstream/outgoing-body.ts";
import { ProgramError } from "./errors.ts";
import type { Program } from "./program.ts";
import { type ProgramAnswer, ProgramCall, type ProgramTimes } from "./program-call.ts";
import { ProgramSlots } from "./program-slots.ts";
import { shareSpawner, type SharedSpawner } from "./shared-spawner.ts";

/** How programs are run. */
export interface ProgramOptions {
  /** Variables of the programs. What describes the request is stronger. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Names of variables of this process that the programs get, too. @default PATH, LANG, LC_ALL, LC_CTYPE, TZ */
  readonly passEnv?: readonly string[];
  /** Further keys of the environ that the programs get: what a middleware of yours has set. @default none */
  readonly passKeys?: readonly string[];
  /** Whether the programs see the header Authorization; REMOTE_USER they see always. @default "hide" */
  readonly authorization?: "hide" | "pass";
  /** DOCUMENT_ROOT; PATH_TRANSLATED lies below it. @default none */
  readonly documentRoot?: string;
  /** Programs at a time, in each worker. @default two for each processor */
  readonly maxProcesses?: number;
  /** Requests that wait for a program to end; beyond them, 503. @default 100 */
  readonly maxWaiting?: number;
  /** Seconds until the head of an answer, from the last piece of the request body on; then 504. @default 60 */
  readonly headTimeout?: number;
  /** Seconds between two pieces of an answer; then it is broken off. @default 60 */
  readonly idleTimeout?: number;
  /** Seconds from SIGTERM to SIGKILL. @default 3 */
  readonly killTimeout?: number;
  /** Whether a body without a length is passed on as it comes, without CONTENT_LENGTH, and not kept first. @default false */
  readonly streamChunked?: boolean;
  /** Whether `Location: /path` alone is answered with what lies there, and not with 302. @default true */
  readonly localRedirects?: boolean;
}

/** What is run. All texts are native strings. */
export interface Script {
  /** Absolute path of the program. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** SCRIPT_FILENAME. */
  readonly filename: string;
}

const PASSED_ENV = ["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];
/** Linux takes no longer `NAME=VALUE`, with the NUL at its end. Source: execve(2), MAX_ARG_STRLEN. */
const MAX_VARIABLE_BYTES = 131_072;
/** Linux takes about 2 MB in all; other systems a quarter of that. */
const MAX_ENVIRONMENT_BYTES = 524_288;
/** The system has no room for another process now. */
const BUSY: ReadonlySet<string> = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ETXTBSY", "ESRCH"]);

/** Runs programs. */
export class CgiRunner {
  readonly #options: ProgramOptions;
  readonly #spawner: SharedSpawner = shareSpawner();
  readonly #slots: ProgramSlots;
  readonly #times: ProgramTimes;
  readonly #own: ReadonlyMap<string, string>;

  /** @param options - checked */
  constructor(options: ProgramOptions) {
    const { maxProcesses = availableParallelism() * 2, maxWaiting = 100 } = options;
    const { headTimeout = 60, idleTimeout = 60, killTimeout = 3 } = options;
    this.#options = options;
    this.#slots = new ProgramSlots(maxProcesses, maxWaiting);
    this.#times = { headSeconds: headTimeout, idleSeconds: idleTimeout, killSeconds: killTimeout };
    this.#own = ownVariables(options);
  }

  get followsLocalRedirects(): boolean {
    return this.#options.localRedirects !== false;
  }

  /**
   * Answers a request with what a program says; when it says nothing that may be passed on, with the page of an error, and the log has why.
   *
   * @throws the client's error when it has left
   */
  async answer(environ: WSGIEnvironment, startResponse: StartResponse, script: Script): Promise<ProgramAnswer> {
    try {
      return await this.#run(environ, startResponse, script);
    } catch (error) {
      if (!(error instanceof ProgramError || error instanceof ServiceError)) throw error;
      return failedAnswer(environ, startResponse, error.status, error.message);
    }
  }

  /** Ends the programs. */
  async close(): Promise<void> {
    await this.#spawner.leave();
  }

  async #run(environ: WSGIEnvironment, startResponse: StartResponse, script: Script): Promise<ProgramAnswer> {
    const name = script.filename;
    const body = this.#options.streamChunked === true ? streamedBody(environ) : await keptBodyOfChunks(environ);
    try {
      const environment = this.#environmentOf(environ, script, body.length);
      const leave = await this.#slots.enter(environ["tsgi.signal"]);
      let program: Program;
      try {
        const { program: path, arguments: argumentList, directory } = script;
        const hasInput = body.length !== 0;
        program = await this.#spawner.current.spawn({
          program: path,
          arguments: argumentList,
          directory,
          hasInput,
          environment,
        });
      } catch (error) {
        leave();
        throw error;
      }
      void program.ended.then(leave);
      const failure = await program.started;
      if (failure !== null) {
        for (const stream of [program.input, program.output, program.errors]) stream?.destroy();
        throw cannotRun(name, failure);
      }
      return await new ProgramCall(program, { environ, startResponse, body, name, times: this.#times }).run();
    } catch (error) {
      body.release();
      throw error;
    }
  }

  #environmentOf(environ: WSGIEnvironment, script: Script, length: number): string[] {
    const { authorization, documentRoot, passKeys = [] } = this.#options;
    const variables = requestVariables(environ, {
      contentLength: length === -1 ? null : length,
      authorization: authorization === "pass",
      pass: passKeys,
      documentRoot: documentRoot === undefined ? null : encodeNative(documentRoot),
      scriptFilename: script.filename,
    });
    const environment = [...new Map([...this.#own, ...variables])].map(([key, value]) => `${key}=${value}`);
    const total = environment.reduce((sum, entry) => sum + entry.length + 1, 0);
    if (total > MAX_ENVIRONMENT_BYTES || environment.some((entry) => entry.length >= MAX_VARIABLE_BYTES))
      throw new ProgramError(
        431,
        `${script.filename}: The headers of the request are too long for the environment of a program`,
      );
    return environment;
  }
}

function ownVariables({ environment = {}, passEnv = PASSED_ENV }: ProgramOptions): Map<string, string> {
  const variables = new Map<string, string>();
  for (const name of passEnv) {
    const value = process.env[name];
    if (value !== undefined) variables.set(encodeNative(name), encodeNative(value));
  }
  for (const [name, value] of Object.entries(environment)) variables.set(encodeNative(name), encodeNative(value));
  return variables;
}

/** A program reads as many bytes as CONTENT_LENGTH says, so a body without a length is kept until it has one. */
async function keptBodyOfChunks(environ: WSGIEnvironment): Promise<OutgoingBody> {
  const body = streamedBody(environ);
  return body.length === -1 ? await keptBody(environ) : body;
}

function cannotRun(name: string, failure: string): ProgramError {
  if (failure === "E2BIG")
    return new ProgramError(431, `${name}: The request is too large for the environment of a program`);
  if (BUSY.has(failure)) return new ProgramError(503, `${name}: The system cannot start a program now (${failure})`);
  const hint = failure === "ENOENT" ? "; the file, or the interpreter in its first line, does not exist" : "";
  return new ProgramError(500, `${name}: Cannot run the program (${failure})${hint}`);
}
