// A body of a request on its way through a decoder. A few bytes can become gigabytes: what comes out is counted as it comes, a block at a
// time, and nothing is decoded that nobody reads. Source: CWE-409; mod_deflate's DeflateInflateLimitRequestBody and -RatioLimit.
import { pipeline, Readable, type Transform } from "node:stream";
import { TSGIError } from "../../errors.ts";
import { nextChunk, type ByteSource } from "../../wsgi/input-stream.ts";
import type { Bytes, InputStream } from "../../wsgi/types.ts";
import { BodyTooLarge } from "../body-limit.ts";
import { decoderOf, type RequestCoding } from "./decoders.ts";

/** How large a decoded body may become. */
export interface DecodingLimits {
  readonly maxBytes: number;
  /** Decoded bytes for each encoded one. */
  readonly maxRatio: number;
}

/** A body cannot be decoded: it is none of its coding, or cut. */
export class UndecodableBody extends TSGIError {
  readonly status = 400;

  constructor(coding: RequestCoding, options: ErrorOptions) {
    super(
      "remote",
      "ERR_TSGI_UNDECODABLE_BODY",
      `The request body is cut off, or not in the content coding "${coding}"`,
      options,
    );
  }
}

const BLOCK_BYTES = 65_536;
/** Short bodies, such as a page of blanks, may be of any ratio. */
const FREE_BYTES = 1_048_576;

/** Gives the decoded chunks of a body. */
export class DecodedBody implements ByteSource {
  readonly #input: InputStream;
  readonly #coding: RequestCoding;
  readonly #limits: DecodingLimits;
  #decoder: Transform | null = null;
  #chunks: AsyncIterator<Bytes> | null = null;
  #encodedBytes = 0;
  #decodedBytes = 0;
  #inputFailure: { readonly error: unknown } | null = null;
  #isEnded = false;

  constructor(input: InputStream, coding: RequestCoding, limits: DecodingLimits) {
    this.#input = input;
    this.#coding = coding;
    this.#limits = limits;
  }

  /** @throws BodyTooLarge, UndecodableBody, or what the input throws */
  async pull(): Promise<Bytes | null> {
    this.#chunks ??= await this.#begin();
    if (this.#chunks === null) return null; // no body, although it has a coding
    const { done, value } = await this.#next(this.#chunks);
    if (done === true) return null;
    this.#count(value);
    return value;
  }

  /** Frees the decoder: nobody reads any more. */
  end(): void {
    this.#isEnded = true;
    this.#decoder?.destroy();
  }

  async #begin(): Promise<AsyncIterator<Bytes> | null> {
    const first = await nextChunk(this.#input, BLOCK_BYTES);
    if (first.length === 0 || this.#isEnded) return null;
    this.#decoder = decoderOf(this.#coding, first);
    pipeline(Readable.from(this.#encoded(first)), this.#decoder, () => undefined); // errors come out of the iteration
    return this.#decoder[Symbol.asyncIterator]() as AsyncIterator<Bytes>;
  }

  async *#encoded(first: Bytes): AsyncGenerator<Bytes> {
    let chunk = first;
    while (chunk.length > 0) {
      this.#encodedBytes += chunk.length;
      yield chunk;
      try {
        chunk = await nextChunk(this.#input, BLOCK_BYTES);
      } catch (error) {
        this.#inputFailure = { error };
        throw error;
      }
    }
  }

  async #next(chunks: AsyncIterator<Bytes>): Promise<IteratorResult<Bytes>> {
    try {
      return await chunks.next();
    } catch (cause) {
      throw this.#inputFailure === null ? new UndecodableBody(this.#coding, { cause }) : this.#inputFailure.error;
    }
  }

  #count(chunk: Bytes): void {
    this.#decodedBytes += chunk.length;
    const { maxBytes, maxRatio } = this.#limits;
    const isBomb = this.#decodedBytes > FREE_BYTES && this.#decodedBytes > this.#encodedBytes * maxRatio;
    if (!isBomb && this.#decodedBytes <= maxBytes) return;
    this.end();
    throw new BodyTooLarge(maxBytes);
  }
}
