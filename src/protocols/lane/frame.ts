// The frames of a lane: a 16-byte header, then `length` bytes of payload whose first `head` bytes are text.
// Source: docs/lane-protocol.md. Frames are built as latin-1 strings, one character per byte: a batch of requests is then one
// string and one write, without a buffer in between.
import type { Buffer } from "node:buffer";

/** The version that this side speaks; a guest names its own in HELLO. */
export const LANE_VERSION = 1;

/** Bytes of the header of every frame. */
export const FRAME_HEADER_BYTES = 16;

/** Types of frames. Those with bit 64 come from the guest, the others go to it; those with bit 32 are for the control channel. */
export const FrameType = {
  request: 1,
  body: 2,
  taken: 3,
  answer: 4,
  piece: 5,
  ask: 6,
  failed: 7,
  keys: 8,
  refresh: 9,
  stop: 32,
  fork: 33,
  listModules: 34,
  hello: 64,
  response: 65,
  chunk: 66,
  fail: 67,
  log: 68,
  read: 69,
  returned: 70,
  hints: 71,
  file: 72,
  call: 73,
  pull: 74,
  give: 75,
  drop: 76,
  free: 77,
  shared: 78,
  ready: 96,
  broken: 97,
  exited: 98,
  modules: 99,
} as const;

/** Flags of frames; each type says in docs/lane-protocol.md which it knows. */
export const FrameFlag = {
  /** The last frame of its kind for this request. */
  end: 1,
  /** `request`: the client offers another protocol, and its connection can change to it. */
  upgrade: 1,
  /** `request`: what follows the environ is the path of a file that holds the body. */
  bodyFile: 2,
  /** `request`: the body is pulled with `read`. */
  bodyStream: 4,
  /** `request`, `call`: the environ has the key `tsgi.json`. */
  json: 8,
  /** `request`: early hints can be sent. */
  hints: 16,
  /** `request`: there is an inner application, which `call` reaches. */
  inner: 32,
  /** `request`: more may follow before this one is answered; if it takes long, they are to be given back. */
  batched: 64,
  /** `request`: the environ is the values of the list of keys that `aux` names. */
  keyed: 128,
  /** `body`, `fail`: the client has left. */
  gone: 2,
  /** `fail`: the process should be replaced. */
  retire: 4,
} as const;

/** One frame, as the decoder hands it over. */
export interface LaneFrame {
  readonly type: number;
  readonly flags: number;
  readonly aux: number;
  readonly id: number;
  /** The first `head` bytes of the payload, latin-1. */
  readonly head: string;
  /** The rest of the payload, or the first part of it. */
  readonly body: Buffer;
  /** Bytes of the whole body when this frame holds or begins all of it (it was sent with `end`), otherwise -1. */
  readonly totalBytes: number;
}

/**
 * The header of a frame as a latin-1 string.
 *
 * @param type - one of {@link FrameType}
 * @param id - the request that it belongs to; 0 on the control channel
 * @param headBytes - bytes of text at the start of the payload
 * @param bodyBytes - bytes of the payload after it
 * @param flags - of {@link FrameFlag}
 * @param aux - a number from 0 to 65535 whose meaning is the type's
 * @returns 16 characters
 */
export function frameHeader(
  type: number,
  id: number,
  headBytes: number,
  bodyBytes: number,
  flags = 0,
  aux = 0,
): string {
  const length = headBytes + bodyBytes;
  return String.fromCharCode(
    length & 255,
    (length >>> 8) & 255,
    (length >>> 16) & 255,
    length >>> 24,
    id & 255,
    (id >>> 8) & 255,
    (id >>> 16) & 255,
    id >>> 24,
    headBytes & 255,
    (headBytes >>> 8) & 255,
    (headBytes >>> 16) & 255,
    headBytes >>> 24,
    type,
    flags,
    aux & 255,
    aux >>> 8,
  );
}

/**
 * A whole frame as a latin-1 string; for large bodies write {@link frameHeader} and the bytes instead.
 *
 * @param type - one of {@link FrameType}
 * @param id - the request that it belongs to
 * @param head - latin-1 text
 * @param body - latin-1 text after it
 * @param flags - of {@link FrameFlag}
 * @param aux - the type's own number
 */
export function frameText(type: number, id: number, head: string, body = "", flags = 0, aux = 0): string {
  return frameHeader(type, id, head.length, body.length, flags, aux) + head + body;
}
