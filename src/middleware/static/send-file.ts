// Answers with an open file: conditions, ranges, HEAD, and the bytes. Source: RFC 9110 sections 13.2.2 (precedence), 14.4, 15.3.7, 15.5.13,
// 15.5.17; PEP 3333, "Optional Platform-Specific File Handling".
import * as fs from "node:fs";
import { FileWrapper } from "../../wsgi/file-wrapper.ts";
import type { Bytes, FileLike, HeaderList, StartResponse, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { sendAnswer } from "../writing/answer.ts";
import { headersOf304, isUnchanged, matchesEtag, parseHttpDate, type Validators } from "../conditional-get.ts";
import { requestedRange, type ByteRange } from "./byte-range.ts";
import type { OpenFile } from "./open-file.ts";

/** Files up to this size are read at once and leave with their head in one write. */
const WHOLE_BYTES = 65_536;
const BLOCK_BYTES = 65_536;

/**
 * Answers a GET or HEAD with a file, and closes it in any case.
 *
 * @param file - regular, open
 * @param headers - beside those about length, version and range
 * @param etag - of the file, as it is sent; null where none can be given
 */
export function sendFile(
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  file: OpenFile,
  headers: HeaderList,
  etag: string | null,
): WSGIBody | Promise<WSGIBody> {
  try {
    const { stats, descriptor } = file;
    const validators: Validators = { etag, lastModified: stats.mtime.toUTCString() };
    const common: HeaderList = [...headers, ["Accept-Ranges", "bytes"], ...headersOf(validators)];
    const isHead = environ.REQUEST_METHOD === "HEAD";
    // Of other methods the conditions were for what has been done, and not for the file that tells of it.
    if (isHead || environ.REQUEST_METHOD === "GET") {
      if (isRefused(environ, validators))
        return closed(descriptor, sendAnswer(environ, startResponse, { status: 412 }));
      if (isUnchanged(environ, validators)) {
        startResponse("304 Not Modified", headersOf304(common));
        return closed(descriptor, []);
      }
    }
    const range = requestedRange(environ, stats.size, etag);
    if (range === "unsatisfiable") {
      const answer = { status: 416, headers: [["Content-Range", `bytes */${stats.size}`]] as HeaderList };
      return closed(descriptor, sendAnswer(environ, startResponse, answer));
    }
    const part = range ?? { first: 0, last: stats.size - 1 };
    const length = part.last - part.first + 1;
    common.push(["Content-Length", String(length)]);
    if (range !== null) common.push(["Content-Range", `bytes ${part.first}-${part.last}/${stats.size}`]);
    startResponse(range === null ? "200 OK" : "206 Partial Content", common);
    if (isHead || length === 0) return closed(descriptor, []);
    if (length > WHOLE_BYTES) return fileBody(environ, descriptor, part);
    return file.isRecent ? closed(descriptor, readNow(descriptor, part)) : readPart(descriptor, part);
  } catch (error) {
    fs.closeSync(file.descriptor);
    throw error;
  }
}

function headersOf({ etag, lastModified }: Validators): HeaderList {
  const headers: HeaderList = [];
  if (lastModified !== null) headers.push(["Last-Modified", lastModified]);
  if (etag !== null) headers.push(["ETag", etag]);
  return headers;
}

/** If-Match and, without it, If-Unmodified-Since. */
function isRefused(environ: WSGIEnvironment, { etag, lastModified }: Validators): boolean {
  const wanted = environ["HTTP_IF_MATCH"];
  if (typeof wanted === "string")
    return wanted.trim() !== "*" && (etag === null || !matchesEtag(wanted, etag, "strong"));
  const since = environ["HTTP_IF_UNMODIFIED_SINCE"];
  const sinceTime = typeof since === "string" ? parseHttpDate(since) : null;
  const modified = parseHttpDate(lastModified ?? "");
  return sinceTime !== null && modified !== null && modified > sinceTime;
}

function closed(descriptor: number, body: WSGIBody): WSGIBody {
  fs.closeSync(descriptor);
  return body;
}

/** Reads a short file that is in memory. */
function readNow(descriptor: number, { first, last }: ByteRange): WSGIBody {
  const block = Buffer.allocUnsafeSlow(last - first + 1);
  const bytesRead = fs.readSync(descriptor, block, 0, block.length, first);
  return bytesRead === 0 ? [] : [block.subarray(0, bytesRead)];
}

/** Reads a short file whole; its descriptor is free before the answer leaves. */
async function readPart(descriptor: number, { first, last }: ByteRange): Promise<WSGIBody> {
  const file = new FilePart(descriptor, first, last);
  try {
    const chunk = await file.read(last - first + 1);
    return chunk === null ? [] : [chunk];
  } finally {
    file.close();
  }
}

function fileBody(environ: WSGIEnvironment, descriptor: number, { first, last }: ByteRange): WSGIBody {
  const file = new FilePart(descriptor, first, last);
  const wrap = environ["wsgi.file_wrapper"];
  return wrap === undefined ? new FileWrapper(file, BLOCK_BYTES) : wrap(file, BLOCK_BYTES);
}

/** A part of an open file, for `wsgi.file_wrapper`. */
class FilePart implements FileLike {
  readonly #descriptor: number;
  readonly #end: number;
  #position: number;
  #isReading = false;
  #isClosed = false;

  constructor(descriptor: number, first: number, last: number) {
    this.#descriptor = descriptor;
    this.#position = first;
    this.#end = last + 1;
  }

  /** Fewer bytes than asked for only at the end; a file that became shorter ends early, and the server breaks the answer off. */
  read(size: number): Promise<Bytes | null> {
    const length = Math.min(size, this.#end - this.#position);
    if (length <= 0 || this.#isClosed) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      // Not from the pool: the server may keep the block until the client has taken it.
      const block = Buffer.allocUnsafeSlow(length);
      this.#isReading = true;
      fs.read(this.#descriptor, block, 0, length, this.#position, (error, bytesRead) => {
        this.#isReading = false;
        if (this.#isClosed) fs.closeSync(this.#descriptor);
        this.#position += bytesRead;
        if (error !== null) reject(error);
        else resolve(bytesRead === 0 ? null : block.subarray(0, bytesRead));
      });
    });
  }

  /** While a read is going on the descriptor must stay, or another file could get its number. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isReading) fs.closeSync(this.#descriptor);
  }
}
