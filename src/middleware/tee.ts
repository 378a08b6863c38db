// Copies requests and responses to a sink, for debugging. Source: Paste's printdebug and Plack's Middleware::BufferedStreaming for the
// place; the copies are bounded and credentials are left out.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HIDDEN, isSecretName, withoutSecrets } from "../secret-name.ts";
import { errorText } from "../wsgi/error-text.ts";
import { escapeText } from "../wsgi/escape-text.ts";
import type { Bytes, HeaderList, InputStream, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { withClose } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { bytes, fileIn, integer, fromSection, within, words, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";

const DEFAULT_MAX_BYTES = 65_536;
const DEFAULT_MAX_FILES = 1000;

/** One body, as far as it was copied. */
export interface CopiedBody {
  readonly bytes: Buffer;
  /** True when there was more than was copied. */
  readonly isTruncated: boolean;
}

/** One request and its response. */
export interface CopiedExchange {
  readonly startedAt: Date;
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly requestHeaders: HeaderList;
  /** What the application read of the body. */
  readonly requestBody: CopiedBody;
  /** With the reason; empty when there was none. */
  readonly status: string;
  readonly responseHeaders: HeaderList;
  readonly responseBody: CopiedBody;
  /** What the application threw when it was called, as text. */
  readonly error?: string;
}

/** Where the copies go, and how much is copied. Give one of `sink` and `directory`. */
export interface TeeOptions {
  /** Receives each exchange when the response body is closed. */
  readonly sink?: (exchange: CopiedExchange) => void;
  /** A directory for one text file per exchange. */
  readonly directory?: string;
  /** Bytes to copy of each body. @default 65536 */
  readonly maxBytes?: number;
  /** Maximum number of files that this process writes. @default 1000 */
  readonly maxFiles?: number;
  /** Headers whose values are hidden, instead of those whose names look like credentials. @default [] */
  readonly hide?: readonly string[];
}

/**
 * Copies headers, the part of the request body that the application reads, and the response body, up to a limit. Nothing waits for the
 * copies. Bodies may contain passwords, so use it only while you look for a fault.
 *
 * In a pipeline: between the two parts whose talk is of interest.
 *
 * @throws MiddlewareOptionError without a place for the copies, or with two
 */
export function tee(options: TeeOptions): Middleware {
  const { maxBytes = DEFAULT_MAX_BYTES } = options;
  within(maxBytes, "maxBytes", 0);
  const sink = sinkOf(options);
  const isHidden = hiddenNames(options.hide);
  return function teeMiddleware(application) {
    return function copied(environ, startResponse) {
      const { REQUEST_METHOD: method, SERVER_PROTOCOL: protocol } = environ;
      const request = { startedAt: new Date(), method, protocol, target: withoutSecrets(targetOf(environ)) };
      const requestHeaders = requestHeadersOf(environ, isHidden);
      const requestCopy = new BodyCopy(maxBytes);
      const responseCopy = new BodyCopy(maxBytes);
      let status = "";
      let responseHeaders: HeaderList = [];
      const deliver = (thrown?: { error: unknown }): void => {
        const bodies = { requestBody: requestCopy.result(), responseBody: responseCopy.result() };
        const error = thrown === undefined ? {} : { error: errorText(thrown.error) };
        sink({ ...request, requestHeaders, status, responseHeaders, ...bodies, ...error });
      };
      const failed = (error: unknown): never => {
        deliver({ error });
        throw error;
      };
      environ["wsgi.input"] = new CopiedInput(environ["wsgi.input"], requestCopy);
      try {
        const body = replaceResponse(application, environ, startResponse, (head) => {
          status = head.status;
          responseHeaders = head.headers.map(([name, value]) => [name, shown(name, value, isHidden)]);
          return { kind: "watch", chunk: (chunk) => responseCopy.add(chunk) };
        });
        return isPromise(body)
          ? body.then((settled) => withClose(settled, () => deliver()), failed)
          : withClose(body, () => deliver());
      } catch (error) {
        return failed(error);
      }
    };
  };
}

/** For INI files: `use = egg:tsgi#tee`, with the keys of {@link TeeOptions}. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<TeeOptions>(tee, localConf, {
    directory: fileIn(globalConf),
    maxBytes: bytes,
    maxFiles: integer,
    hide: words,
  });
}

/** The first bytes of a body. */
class BodyCopy {
  readonly #chunks: Buffer[] = [];
  #room: number;
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  add(chunk: Bytes): void {
    if (chunk.length > this.#room) this.#isTruncated = true;
    if (this.#room === 0 || chunk.length === 0) return;
    // Copied, because the owner of the chunk may reuse its memory.
    const part = Buffer.from(chunk.subarray(0, this.#room));
    this.#chunks.push(part);
    this.#room -= part.length;
  }

  result(): CopiedBody {
    return { bytes: Buffer.concat(this.#chunks), isTruncated: this.#isTruncated };
  }
}

/** Copies what is read. */
class CopiedInput implements InputStream {
  readonly #input: InputStream;
  readonly #copy: BodyCopy;

  constructor(input: InputStream, copy: BodyCopy) {
    this.#input = input;
    this.#copy = copy;
  }

  async read(size?: number): Promise<Bytes> {
    return this.#copied(await this.#input.read(size));
  }

  async readline(size?: number): Promise<Bytes> {
    return this.#copied(await this.#input.readline(size));
  }

  async readlines(hint?: number): Promise<Bytes[]> {
    return (await this.#input.readlines(hint)).map((line) => this.#copied(line));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Bytes> {
    for await (const line of this.#input) yield this.#copied(line);
  }

  #copied(chunk: Bytes): Bytes {
    this.#copy.add(chunk);
    return chunk;
  }
}

function sinkOf({ sink, directory, maxFiles = DEFAULT_MAX_FILES }: TeeOptions): (exchange: CopiedExchange) => void {
  within(maxFiles, "maxFiles", 1);
  if ((sink === undefined) === (directory === undefined || directory === "")) {
    throw new MiddlewareOptionError('Give one of the options "sink" and "directory" to tee: where the copies go');
  }
  if (sink !== undefined || directory === undefined) return sink ?? (() => undefined);
  let files = 0;
  return (exchange) => {
    if (files >= maxFiles) return;
    files += 1;
    const name = `${exchange.startedAt.toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}-${files}.txt`;
    try {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, name), formatted(exchange), { flag: "wx", mode: 0o600 });
    } catch (error) {
      process.emitWarning(`Cannot store the copy "${name}": ${String(error)}`);
    }
  };
}

function formatted(exchange: CopiedExchange): Buffer {
  const { method, target, protocol, status, requestBody, responseBody, error } = exchange;
  return Buffer.concat([
    Buffer.from(`${escapeText(`${method} ${target} ${protocol}`)}\r\n${block(exchange.requestHeaders)}`, "latin1"),
    ...bodyParts(requestBody),
    Buffer.from(
      `${error === undefined ? `${protocol} ${status}` : error}\r\n${block(exchange.responseHeaders)}`,
      "latin1",
    ),
    ...bodyParts(responseBody),
  ]);
}

function bodyParts({ bytes: content, isTruncated }: CopiedBody): Buffer[] {
  return [content, Buffer.from(`${isTruncated ? "\r\n[truncated]" : ""}\r\n`)];
}

function block(headers: HeaderList): string {
  return `${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

function hiddenNames(names: readonly string[] | undefined): (name: string) => boolean {
  if (names === undefined) return isSecretName;
  const hidden = new Set(names.map((name) => name.toLowerCase()));
  return (name) => hidden.has(name.toLowerCase());
}

function shown(name: string, value: string, isHidden: (name: string) => boolean): string {
  return isHidden(name) ? HIDDEN : withoutSecrets(value);
}

function requestHeadersOf(environ: WSGIEnvironment, isHidden: (name: string) => boolean): HeaderList {
  const headers: HeaderList = [];
  for (const [key, value] of Object.entries(environ)) {
    const [, wire] = /^(?:HTTP_(.+)|CONTENT_(?:TYPE|LENGTH))$/.exec(key) ?? [null];
    if (wire === null || typeof value !== "string" || value === "") continue;
    const name = (wire ?? key).toLowerCase().replaceAll("_", "-");
    headers.push([name, shown(name, value, isHidden)]);
  }
  return headers;
}

function targetOf(environ: WSGIEnvironment): string {
  const { QUERY_STRING: query } = environ;
  return environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO + (query === "" ? "" : `?${query}`);
}
