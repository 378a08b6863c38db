// Reads a body as JSON text. Source: RFC 8259 section 8.1 for its encoding; RFC 7493.
import { setImmediate as nextTurn } from "node:timers/promises";
import { readBytes, RequestBodyError, type WSGIEnvironment } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { compacting, type TextLimits } from "../text/compact.ts";
import { TextFault } from "../text/text-fault.ts";
import type { Patience } from "./patience.ts";
import type { Path } from "../text/pointer.ts";
import { formatPointer } from "../text/pointer.ts";

/** A body. */
export interface JsonBody {
  /** Checked and compact. */
  readonly text: string;
  /** Whether the client has sent it so, byte for byte. */
  readonly isUnchanged: boolean;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BOM = "\ufeff";

/**
 * Reads the body of a request.
 *
 * @param path - of the node that it is for; faults are told by pointers from the root
 * @param patience - ends it when nobody waits any more
 * @throws Problem
 */
export async function readJsonBody(
  environ: WSGIEnvironment,
  maxBody: number,
  limits: TextLimits,
  path: Path,
  patience: Patience,
): Promise<JsonBody> {
  const sent = decode(await readWhole(environ, maxBody));
  // RFC 8259 section 8.1: a parser may ignore one.
  const source = sent.startsWith(BOM) ? sent.slice(1) : sent;
  try {
    const text = await compactInSteps(source, limits, patience);
    return { text, isUnchanged: text === sent };
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    throw faultProblem(error, source, sent.length - source.length, path);
  }
}

async function readWhole(environ: WSGIEnvironment, limit: number): Promise<Uint8Array> {
  try {
    return await readBytes(environ, { limit });
  } catch (error) {
    if (error instanceof RequestBodyError && error.status === 413) {
      throw new Problem("body-too-large", { detail: `A body may have ${limit} bytes` }, { cause: error });
    }
    throw error;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new Problem("bad-encoding", { offset: invalidOffset(bytes) }, { cause });
  }
}

/** Finds the first byte that is no UTF-8: where the decoder puts a replacement that was not there. */
function invalidOffset(bytes: Uint8Array): number {
  let from = 0;
  let to = bytes.length;
  // The longest prefix that can be decoded as the beginning of something.
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if (isValidStart(bytes.subarray(0, middle))) from = middle;
    else to = middle - 1;
  }
  return from;
}

function isValidStart(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

async function compactInSteps(source: string, limits: TextLimits, patience: Patience): Promise<string> {
  const steps = compacting(source, limits);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
    patience.check();
  }
}

/** Says where a fault is, in bytes of the body, and in lines. */
function faultProblem(
  { code, message, index, pointer }: TextFault,
  source: string,
  before: number,
  path: Path,
): Problem {
  const ahead = source.slice(0, index);
  const lineStart = ahead.lastIndexOf("\n") + 1;
  return new Problem(code, {
    detail: message,
    pointer: formatPointer(path) + pointer,
    offset: Buffer.byteLength(ahead) + before * Buffer.byteLength(BOM),
    line: countLines(ahead),
    column: codePoints(ahead.slice(lineStart)) + 1,
  });
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count += 1;
  return count;
}
