// Looks for one field of a form and leaves the form to the application, which may read it in any language. For middleware: the token of CSRF,
// the method that a form asks for. Nothing but this field is judged; what else is in the form is the application's business.
import { ByteCollector } from "../protocols/multipart/byte-collector.ts";
import { MultipartError } from "../protocols/multipart/errors.ts";
import { MultipartParser } from "../protocols/multipart/multipart-parser.ts";
import { nextChunk, WSGIInputStream } from "../wsgi/input-stream.ts";
import { bytesToNative } from "../wsgi/native-string.ts";
import type { Bytes, WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import { FormBody } from "./form-body.ts";
import { beyond, FORM_LIMITS } from "./limits.ts";
import { mediaTypeOf, MULTIPART, URLENCODED } from "./media-type.ts";
import { boundaryOf } from "./multipart-form.ts";
import { readPartHead } from "./part-head.ts";

const CHUNK_BYTES = 65_536;

/** Tells whether the body of a request is a form, by its Content-Type. */
export function isForm(environ: WSGIEnvironment): boolean {
  const type = mediaTypeOf(environ.CONTENT_TYPE);
  return type === URLENCODED || type === MULTIPART;
}

/**
 * Gives the first value of a text field, and puts back into `wsgi.input` what it has read. A multipart form is read up to the field only.
 *
 * @param environ - of the request
 * @param name - of the field
 * @param maxBytes - most bytes that are read, and kept
 * @returns the value; undefined when there is none, or the body is no form that can be read up to it
 * @throws FormError 413 when the field is not within `maxBytes`; what `wsgi.input` throws
 */
export async function peekField(environ: WSGIEnvironment, name: string, maxBytes: number): Promise<string | undefined> {
  if (!isForm(environ)) return undefined;
  const type = mediaTypeOf(environ.CONTENT_TYPE);
  const body = new KeptBody(environ, maxBytes);
  try {
    return await (type === URLENCODED ? findUrlencoded(body, name) : findPart(body, environ.CONTENT_TYPE ?? "", name));
  } catch (error) {
    if (error instanceof MultipartError || (error instanceof FormError && error.status === 400)) return undefined;
    throw error;
  } finally {
    body.putBack(environ);
  }
}

/** A body whose chunks are kept to be read again. */
class KeptBody {
  readonly #body: FormBody;
  readonly #maxBytes: number;
  readonly #kept: Bytes[] = [];
  #bytes = 0;

  constructor(environ: WSGIEnvironment, maxBytes: number) {
    this.#body = new FormBody(environ, Infinity);
    this.#maxBytes = maxBytes;
  }

  /** Gives the next chunk; empty at the end. */
  async next(): Promise<Bytes> {
    if (this.#bytes > this.#maxBytes) throw this.#tooLarge();
    // One byte more tells a body that is too long from one that has just this length.
    const chunk = await this.#body.next(Math.min(CHUNK_BYTES, this.#maxBytes + 1 - this.#bytes));
    if (chunk.length > 0) this.#kept.push(chunk);
    this.#bytes += chunk.length;
    return chunk;
  }

  async whole(): Promise<Buffer> {
    if ((this.#body.announced ?? 0) > this.#maxBytes) throw this.#tooLarge();
    while ((await this.next()).length > 0);
    return Buffer.concat(this.#kept);
  }

  putBack(environ: WSGIEnvironment): void {
    if (this.#kept.length === 0) return;
    const kept = this.#kept;
    const rest = environ["wsgi.input"];
    environ["wsgi.input"] = new WSGIInputStream({
      pull: () => kept.shift() ?? nextChunk(rest, CHUNK_BYTES).then((chunk) => (chunk.length === 0 ? null : chunk)),
    });
  }

  #tooLarge(): FormError {
    return beyond(`${this.#maxBytes} bytes before the field that is looked for`);
  }
}

async function findUrlencoded(body: KeptBody, wanted: string): Promise<string | undefined> {
  const form = bytesToNative(await body.whole());
  for (let start = 0; start < form.length;) {
    const ampersand = form.indexOf("&", start);
    const end = ampersand === -1 ? form.length : ampersand;
    const equals = form.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    const name = form.slice(start, nameEnd);
    if (name === wanted || (/[%+]/.test(name) && decode(name) === wanted)) return decode(form.slice(nameEnd + 1, end));
    start = end + 1;
  }
  return undefined;
}

function decode(text: string): string {
  return new URLSearchParams(`=${text}`).get("") ?? "";
}

async function findPart(body: KeptBody, contentType: string, wanted: string): Promise<string | undefined> {
  const parser = new MultipartParser(boundaryOf(contentType), FORM_LIMITS);
  let value: ByteCollector | null = null;
  for (;;) {
    const event = parser.next();
    if (event === null) {
      const chunk = await body.next();
      if (chunk.length === 0) return undefined;
      parser.push(chunk);
    } else if (event.kind === "part") {
      const { name, rawFilename } = readPartHead(event.headers, parser.part);
      value = name === wanted && rawFilename === undefined ? new ByteCollector() : null;
    } else if (event.kind === "data") {
      value?.add(event.bytes);
    } else if (event.kind === "end") {
      return undefined;
    } else if (value !== null) {
      return value.take().toString("utf8");
    }
  }
}
