// Reads a whole request body for applications that want it as one value: bytes, text or JSON. Whatever a client sends has a limit, and
// what is wrong with it becomes the answer: 413, 415 or 400, unless the application catches the error.
// Source: RFC 9110 §15.5.14 (413), §15.5.16 (415); RFC 8259 §8.1 (JSON is UTF-8).
import { TSGIError } from "../errors.ts";
import { chunksOf } from "./input-stream.ts";
import type { Bytes, WSGIEnvironment } from "./types.ts";

/** Options of `readBytes`, `readText` and `readJson`. */
export interface ReadBodyOptions {
  /** Maximum size of the body, in bytes. @default 1_048_576 */
  readonly limit?: number;
}

/** The request body is too large or malformed. If nobody catches the error and nothing was sent, it determines the response. */
export class RequestBodyError extends TSGIError {
  readonly status: 400 | 413 | 415;

  constructor(status: 400 | 413 | 415, message: string, options?: ErrorOptions) {
    super("remote", "ERR_TSGI_REQUEST_BODY", message, options);
    this.status = status;
  }
}

const DEFAULT_LIMIT = 1_048_576;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;

/**
 * Reads the whole body.
 *
 * @throws RequestBodyError (413) when it is larger than `limit`: at once where Content-Length says so, otherwise once that much was read
 */
export async function readBytes(environ: WSGIEnvironment, options: ReadBodyOptions = {}): Promise<Bytes> {
  const { limit = DEFAULT_LIMIT } = options;
  if (Number(environ.CONTENT_LENGTH || 0) > limit) throw tooLarge(limit);
  const chunks: Bytes[] = [];
  let length = 0;
  for await (const chunk of chunksOf(environ["wsgi.input"])) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/**
 * Reads the whole body as text, in the charset of its Content-Type or in UTF-8.
 *
 * @throws RequestBodyError 413 as {@link readBytes}; 415 when the charset is unknown; 400 when the bytes are not of it
 */
export async function readText(environ: WSGIEnvironment, options: ReadBodyOptions = {}): Promise<string> {
  const charset = CHARSET.exec(environ.CONTENT_TYPE ?? "")?.[1] ?? "utf-8";
  return decode(await readBytes(environ, options), charset);
}

/**
 * Reads the whole body as JSON. The Content-Type is not checked.
 *
 * @returns the value; its type is the client's choice, so check it
 * @throws RequestBodyError 413 as {@link readBytes}; 400 when it is empty, not UTF-8, or not JSON
 */
export async function readJson(environ: WSGIEnvironment, options: ReadBodyOptions = {}): Promise<unknown> {
  const text = decode(await readBytes(environ, options), "utf-8");
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const found = text === "" ? "nothing" : (cause as Error).message; // a SyntaxError
    throw new RequestBodyError(400, `Expected a body of JSON, got ${found}`, { cause });
  }
}

function decode(bytes: Bytes, charset: string): string {
  let decoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch (cause) {
    throw new RequestBodyError(415, `Expected a known charset, got "${charset}"`, { cause });
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RequestBodyError(400, `Expected a body in ${charset}, got other bytes`, { cause });
  }
}

function tooLarge(limit: number): RequestBodyError {
  return new RequestBodyError(413, `Expected a body of at most ${limit} bytes`);
}
