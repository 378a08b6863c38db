// A file of a form: where it is, memory or a temporary file, is nobody's business.
import { open, rm } from "node:fs/promises";
import type { Headers } from "../wsgi/headers.ts";
import type { Bytes } from "../wsgi/types.ts";

/** What the headers of a part say about its file. */
export interface FileHead {
  /** Name of the form's field. */
  readonly name: string;
  /** Name of the file without directories; empty when the client gave none that can be used. */
  readonly filename: string;
  /** Name of the file as the client sent it. Never make a path of it. */
  readonly rawFilename: string;
  /** Media type that the client claims, with parameters. */
  readonly type: string;
  /** All headers of the part. */
  readonly headers: Headers;
}

/** Where the bytes of a file are. */
export interface FileContent {
  readonly size: number;
  /** Gives the bytes in order; each call begins anew. */
  chunks(): AsyncIterable<Bytes> | Iterable<Bytes>;
}

/** What {@link FormFile.moveTo} does if the path exists. */
export interface MoveOptions {
  /** Replaces a file of the same path. @default false */
  readonly overwrite?: boolean;
}

/** A file that was sent in a form. */
export class FormFile implements FileHead {
  readonly name: string;
  readonly filename: string;
  readonly rawFilename: string;
  readonly type: string;
  readonly headers: Headers;
  /** In bytes. */
  readonly size: number;
  readonly #content: FileContent;

  constructor(head: FileHead, content: FileContent) {
    this.name = head.name;
    this.filename = head.filename;
    this.rawFilename = head.rawFilename;
    this.type = head.type;
    this.headers = head.headers;
    this.size = content.size;
    this.#content = content;
  }

  /** Reads the whole file. */
  async bytes(): Promise<Buffer> {
    const chunks: Bytes[] = [];
    for await (const chunk of this.#content.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks, this.size);
  }

  /** Reads the whole file as UTF-8, with U+FFFD for other bytes. */
  async text(): Promise<string> {
    return (await this.bytes()).toString("utf8");
  }

  /** Gives the bytes piece by piece, as often as you ask; also fit to be the body of a response. */
  async *stream(): AsyncGenerator<Bytes, void, undefined> {
    yield* this.#content.chunks();
  }

  /**
   * Writes the file to a path, with the permissions that new files get. It can still be read from the form.
   *
   * @throws what the file system says: EEXIST where a file is already, unless `overwrite`
   */
  async moveTo(path: string, { overwrite = false }: MoveOptions = {}): Promise<void> {
    const target = await open(path, overwrite ? "w" : "wx");
    try {
      for await (const chunk of this.#content.chunks()) await target.writeFile(chunk);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await target.close();
    }
  }
}
