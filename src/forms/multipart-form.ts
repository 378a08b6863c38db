// Reads the parts of a multipart form. Text fields are read whole; files go into a store, or to a function while they arrive.
// Source: RFC 7578; WHATWG HTML, "Multipart form data".
import { ByteCollector } from "../protocols/multipart/byte-collector.ts";
import { MultipartError } from "../protocols/multipart/errors.ts";
import { parseParameters } from "../protocols/multipart/header-parameters.ts";
import { MultipartParser, type MultipartEvent, type PartHeader } from "../protocols/multipart/multipart-parser.ts";
import { atRequestEnd } from "../wsgi/request-end.ts";
import type { Bytes, WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import { FileStore } from "./file-store.ts";
import type { FormBody } from "./form-body.ts";
import { FormFile } from "./form-file.ts";
import { beyond, type FormLimits, type TextMeter } from "./limits.ts";
import { fileHeadOf, readPartHead, type PartHead } from "./part-head.ts";
import { StreamedPart } from "./streamed-part.ts";
import { decodeText, malformed } from "./urlencoded.ts";

/** A text field of a multipart form. */
export interface TextPart {
  readonly name: string;
  readonly value: string;
  readonly headers: readonly PartHeader[];
}

/** A part, in the order of the body. */
export type FormPart = TextPart | FormFile;

/** Takes a file while it arrives. */
export type OnFile = (part: StreamedPart) => void | Promise<void>;

/** The parts of a form that was read. */
export interface ReadParts {
  /** In the order of the body. */
  readonly parts: readonly FormPart[];
  /** Frees what the files hold. */
  readonly close: () => Promise<void>;
}

/**
 * Reads a multipart form. Its files can be read until the request ends.
 *
 * @param environ - of the request
 * @param body - of the request
 * @param limits - of the form
 * @param meter - counts the text fields, beside those of the query
 * @param onFile - takes the files; without it they are kept
 * @throws FormError when the form is malformed or beyond a limit; what `wsgi.input`, the file system and `onFile` throw
 */
export async function readParts(
  environ: WSGIEnvironment,
  body: FormBody,
  limits: FormLimits,
  meter: TextMeter,
  onFile?: OnFile,
): Promise<ReadParts> {
  const store = new FileStore(limits.memoryBytes);
  const close = (): Promise<void> => store.close();
  try {
    const parser = asFormError(() => new MultipartParser(boundaryOf(environ.CONTENT_TYPE ?? ""), limits));
    const parts = await new MultipartForm(body, parser, limits, meter, store).read(onFile);
    if (parts.some((part) => part instanceof FormFile)) atRequestEnd(environ, close);
    return { parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One multipart form, while it is read. */
class MultipartForm {
  readonly #body: FormBody;
  readonly #parser: MultipartParser;
  readonly #limits: FormLimits;
  readonly #meter: TextMeter;
  readonly #store: FileStore;
  readonly #parts: FormPart[] = [];
  #files = 0;

  constructor(body: FormBody, parser: MultipartParser, limits: FormLimits, meter: TextMeter, store: FileStore) {
    this.#body = body;
    this.#parser = parser;
    this.#limits = limits;
    this.#meter = meter;
    this.#store = store;
  }

  /** Reads the form to its end. */
  async read(onFile?: OnFile): Promise<FormPart[]> {
    for (;;) {
      const event = this.#nextThere() ?? (await this.#next());
      if (event.kind === "end") break;
      if (event.kind !== "part") continue;
      if (this.#parser.part > this.#limits.parts) throw beyond(`${this.#limits.parts} parts`);
      const head = asFormError(() => readPartHead(event.headers, this.#parser.part));
      if (head.rawFilename === undefined) await this.#readText(head);
      else await this.#readFile(head, onFile);
    }
    await this.#body.skip();
    return this.#parts;
  }

  async #readText(head: PartHead): Promise<void> {
    this.#meter.countField();
    this.#meter.countText(Buffer.byteLength(head.name));
    const text = new ByteCollector();
    for (;;) {
      const event = this.#nextThere() ?? (await this.#next());
      if (event.kind !== "data") break;
      this.#meter.countText(event.bytes.length);
      text.add(event.bytes);
    }
    const value = decodeText(text.take(), () => `the field "${head.name}"`);
    this.#parts.push({ name: head.name, value, headers: head.headers });
  }

  async #readFile(head: PartHead, onFile: OnFile | undefined): Promise<void> {
    this.#files += 1;
    if (this.#files > this.#limits.files) throw beyond(`${this.#limits.files} files`);
    const first = await this.#nextBytes();
    if (onFile === undefined || (first === null && head.rawFilename === "")) {
      for (let bytes = first; bytes !== null; bytes = await this.#nextBytes()) {
        const written = this.#store.add(bytes);
        if (written !== undefined) await written;
      }
      this.#parts.push(new FormFile(fileHeadOf(head), await this.#store.finish()));
      return;
    }
    let pushedBack = first;
    const part = new StreamedPart(fileHeadOf(head), async () => {
      if (pushedBack === null) return first === null ? null : this.#nextBytes();
      const bytes = pushedBack;
      pushedBack = null;
      return bytes;
    });
    await onFile(part);
    await part.leave();
  }

  /** Gives the next bytes of the current part; null at its end. */
  async #nextBytes(): Promise<Bytes | null> {
    const event = this.#nextThere() ?? (await this.#next());
    return event.kind === "data" ? event.bytes : null;
  }

  /** Gives the next event if its bytes are there: most parts cost no turn of the loop. */
  #nextThere(): MultipartEvent | null {
    return asFormError(() => this.#parser.next());
  }

  async #next(): Promise<MultipartEvent> {
    for (;;) {
      const event = this.#nextThere();
      if (event !== null) return event;
      const chunk = await this.#body.next();
      if (chunk.length === 0) asFormError(() => this.#parser.finish());
      this.#parser.push(chunk);
    }
  }
}

/**
 * Gives the boundary of a multipart body.
 *
 * @throws FormError 400 when there is none; MultipartError when the Content-Type is malformed
 */
export function boundaryOf(contentType: string): string {
  const boundary = parseParameters(contentType, "Content-Type").parameters.get("boundary");
  if (boundary === undefined) throw malformed('Expected the parameter "boundary" in Content-Type of the form');
  return boundary;
}

/** Turns an error of the multipart parser into an error of the form. */
function asFormError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    throw new FormError(error.isLimit ? "ERR_TSGI_FORM_LIMIT" : "ERR_TSGI_FORM_SYNTAX", error.message, {
      cause: error,
    });
  }
}
