// The request body, buffered before dispatch: in memory, then in a temporary file, and streamed beyond that. So a slow upload never
// blocks a thread of the guest, and gigabytes need constant memory. A large body from a fast client, or from one that sent
// `Expect: 100-continue`, is streamed from the start, so that the application can refuse it without receiving it.
// Source: docs/decisions/0008-uploads.md.
import { Buffer } from "node:buffer";
import { statSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { EMPTY_INPUT, nextChunk } from "../../wsgi/input-stream.ts";
import { openNameless } from "../../wsgi/nameless-file.ts";
import type { Bytes, InputStream, WSGIEnvironment } from "../../wsgi/types.ts";

/** Maximum bytes per read. */
const CHUNK_BYTES = 262_144;
/** A client counts as fast if this much of its body arrives within this time, in milliseconds. */
const PROBE_BYTES = 1_048_576;
const PROBE_MILLISECONDS = 250;

/** Limits for buffering a body. */
export interface BodyLimits {
  /** Maximum bytes in memory, per request. */
  readonly memoryBytes: number;
  /** Maximum bytes in a temporary file, per request; longer bodies are streamed. */
  readonly fileBytes: number;
  /** Above this announced length, a fast client's body is streamed from the start. */
  readonly earlyBytes: number;
  /** Directory for temporary files. */
  readonly directory: string;
  /** Whether the guest runs as the user of this process. */
  readonly isShared: boolean;
}

/** Limits how many requests the guest may get before their bodies have arrived. */
export interface UploadSlots {
  /** Takes a slot; false if none is free. */
  beginUpload(): boolean;
  endUpload(): void;
}

/** A body that is ready for dispatch. */
export type GuestRequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "memory"; readonly bytes: Buffer }
  | { readonly kind: "file"; readonly path: string; release(): Promise<void> }
  | { readonly kind: "stream"; read(): Promise<Bytes | null>; release(): Promise<void> };

/** Shared by all requests without a body. */
export const NO_BODY: GuestRequestBody = { kind: "none" };

/**
 * Says the length of a kept body that had none, because it came in chunks, by HTTP/2, or out of a filter: applications that do not know
 * `wsgi.input_terminated`, or do not look at it, see no body without one (Django, Falcon, Bottle). The coding is gone with the chunks, and
 * beside a length it would say a second thing.
 * Source: RFC 9112 section 7.1.3; uWSGI's post-buffering and waitress do the same.
 */
function announceLength(environ: WSGIEnvironment, size: number): void {
  const isChunked = environ.HTTP_TRANSFER_ENCODING !== undefined;
  if (!isChunked && (size === 0 || Boolean(environ.CONTENT_LENGTH))) return;
  Reflect.deleteProperty(environ, "HTTP_TRANSFER_ENCODING");
  environ.CONTENT_LENGTH = String(size);
}

/**
 * Reads the body of a request.
 *
 * @param environ - of the request
 * @param limits - where the body may be kept
 * @param slots - how many may be streamed from the start
 * @returns the body, all of it unless it is streamed
 * @throws what `wsgi.input` throws: the client disconnected, or sent an invalid body
 */
export async function readBody(
  environ: WSGIEnvironment,
  limits: BodyLimits,
  slots: UploadSlots,
): Promise<GuestRequestBody> {
  const announced = Number(environ.CONTENT_LENGTH ?? "");
  const input = environ["wsgi.input"];
  if (announced > limits.fileBytes) return streamedBody(input, null);
  const isLarge = announced > limits.earlyBytes;
  const isAsking =
    announced > Math.min(limits.memoryBytes, limits.earlyBytes) &&
    environ["HTTP_EXPECT"] !== undefined &&
    limits.earlyBytes !== Infinity;
  if (isAsking && slots.beginUpload()) return earlyBody(input, [], slots);
  const begun = performance.now();
  const kept: Bytes[] = [];
  let size = 0;
  for (;;) {
    const chunk = await nextChunk(input, CHUNK_BYTES);
    if (chunk.length === 0) {
      announceLength(environ, size);
      return size === 0 ? NO_BODY : { kind: "memory", bytes: joined(kept, size) };
    }
    kept.push(chunk);
    size += chunk.length;
    if (size <= limits.memoryBytes || (isLarge && size < PROBE_BYTES)) continue;
    const isFast = isLarge && performance.now() - begun < PROBE_MILLISECONDS;
    return isFast && slots.beginUpload() ? earlyBody(input, kept, slots) : spooledBody(kept, environ, limits);
  }
}

/** Most bodies arrive in one piece. */
function joined(chunks: readonly Bytes[], size: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(chunks, size);
}

async function spooledBody(
  kept: readonly Bytes[],
  environ: WSGIEnvironment,
  limits: BodyLimits,
): Promise<GuestRequestBody> {
  const input = environ["wsgi.input"];
  const file = await openNameless(limits.directory);
  let size = 0;
  try {
    for (const chunk of kept) {
      await file.writeFile(chunk);
      size += chunk.length;
    }
    for (;;) {
      if (size > limits.fileBytes) return streamedBody(input, { file, size });
      const chunk = await nextChunk(input, CHUNK_BYTES);
      if (chunk.length === 0) break;
      await file.writeFile(chunk);
      size += chunk.length;
    }
    announceLength(environ, size);
    if (!areDescriptorsShared(limits)) return streamedBody(EMPTY_INPUT, { file, size });
    return { kind: "file", path: `/proc/${process.pid}/fd/${file.fd}`, release: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether the guest may open the files of this process: it must be the same user, and the system must not protect this process. */
function areDescriptorsShared(limits: BodyLimits): boolean {
  if (process.platform !== "linux" || !limits.isShared) return false;
  // A process that has given up root belongs to root there, and nobody else may look into it. Source: proc(5).
  return statSync("/proc/self/fd", { throwIfNoEntry: false })?.uid === process.geteuid?.();
}

/** A body that is read while the guest works on the request. */
function earlyBody(input: InputStream, received: Bytes[], slots: UploadSlots): GuestRequestBody {
  const rest = streamedBody(input, null);
  return {
    ...rest,
    read: () => {
      const chunk = received.shift();
      return chunk === undefined ? rest.read() : Promise.resolve(chunk);
    },
    release: () => {
      slots.endUpload();
      return rest.release();
    },
  };
}

/** A body that is read while the guest works on it: first what was spooled already, then the rest from the client. */
function streamedBody(
  input: InputStream,
  spooled: { file: FileHandle; size: number } | null,
): Extract<GuestRequestBody, { kind: "stream" }> {
  let position = 0;
  return {
    kind: "stream",
    async read() {
      if (spooled !== null && position < spooled.size) {
        const block = Buffer.allocUnsafeSlow(Math.min(262_144, spooled.size - position));
        const { bytesRead } = await spooled.file.read(block, 0, block.length, position);
        position += bytesRead;
        return block.subarray(0, bytesRead);
      }
      const chunk = await nextChunk(input, CHUNK_BYTES);
      return chunk.length === 0 ? null : chunk;
    },
    async release() {
      await spooled?.file.close();
    },
  };
}
