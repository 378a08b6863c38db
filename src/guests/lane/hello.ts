// HELLO, the first frame of each connection. Parsed strictly: anybody who can open the socket may send it, even another user's process.
// Source: docs/lane-protocol.md, "HELLO".
import { constants } from "node:os";
import { LANE_VERSION } from "../../protocols/lane/frame.ts";
import { MAX_BATCH } from "./policy.ts";

/** How a guest uses the status file: memory-mapped, with a write per request, or not at all. */
export type StatusUse = "mmap" | "write" | "none";

/** Who takes care that neither finished responses nor requests wait behind a slow request: a thread of the guest, or this process. */
export type BatchWatcher = "guest" | "host";

/** How to make a process dump its stacks to descriptor 3. */
export interface StackDump {
  readonly signal: number;
  /** `lines`: all that it writes then. Any other word is for its language, which picks one thread out of it. */
  readonly format: string;
}

/** A process opens its control channel. */
export interface ControlHello {
  readonly kind: "control";
  /** Number of the process. */
  readonly process: number;
  readonly pid: number;
  /** The language and its version, as the guest itself names them; empty where it does not say. */
  readonly language: string;
  readonly version: string;
  readonly dump: StackDump | null;
}

/** A process opens a lane. */
export interface LaneHello {
  readonly kind: "lane";
  readonly process: number;
  /** Index of the lane within its process. */
  readonly lane: number;
  /** The thread's name in the guest's stack dumps. */
  readonly thread: string;
  /** How many key lists it remembers. */
  readonly keys: number;
  /** How many requests it accepts at a time. */
  readonly maxBatch: number;
  readonly status: StatusUse;
  readonly watcher: BatchWatcher;
}

/** A process opens a connection for the answer to one request. Source: docs/lane-protocol.md, "Connections of their own". */
export interface AnswerHello {
  readonly kind: "answer";
  readonly process: number;
  /** Index of the lane that the request is on. */
  readonly lane: number;
  /** Id of the request. */
  readonly request: number;
}

export type Hello = ControlHello | LaneHello | AnswerHello;

const STATUS_USES: readonly StatusUse[] = ["mmap", "write", "none"];
const LAST_SIGNAL = 64;
/** Text for messages: printable and short. */
const WORDS = /^[ -~]{0,80}$/;

/**
 * Parses a HELLO.
 *
 * @param text - JSON
 * @returns its contents with the secret; null if it is invalid, or of another protocol version
 */
export function parseHello(text: string): { readonly token: string; readonly hello: Hello } | null {
  const json: unknown = JSON.parse(text);
  if (typeof json !== "object" || json === null) return null;
  const { protocol, token, process, lane, request } = json as Record<string, unknown>;
  if (protocol !== LANE_VERSION || typeof token !== "string" || !isCount(process) || typeof lane !== "number")
    return null;
  const hello = helloOf(process, lane, request, json);
  return hello === null ? null : { token, hello };
}

function helloOf(process: number, lane: number, request: unknown, json: object): Hello | null {
  if (request !== undefined)
    return isCount(lane) && isCount(request) ? { kind: "answer", process, lane, request } : null;
  return lane === -1 ? controlHello(process, json) : laneHello(process, lane, json);
}

function controlHello(process: number, json: object): ControlHello | null {
  const { pid, language = "", version = "", dump = null } = json as Record<string, unknown>;
  // The id becomes part of a file name and receives signals: 0, 1 and negative ids would reach other processes.
  if (!isCount(pid) || pid < 2 || !isWords(language) || !isWords(version)) return null;
  return dump === null || isDump(dump) ? { kind: "control", process, pid, language, version, dump } : null;
}

function laneHello(process: number, lane: number, json: object): LaneHello | null {
  const fields = json as Record<string, unknown>;
  const { thread = "", keys = 0, maxBatch = MAX_BATCH, watcher = "guest" } = fields;
  const status = STATUS_USES.find((use) => use === (fields["status"] ?? "mmap"));
  if (!isCount(lane) || !isWords(thread) || !isCount(keys) || !isCount(maxBatch) || status === undefined) return null;
  if (watcher !== "guest" && watcher !== "host") return null;
  // Without the status file, nobody could tell which of several requests was started.
  const isSound = maxBatch === 1 || (maxBatch > 1 && status !== "none");
  return isSound ? { kind: "lane", process, lane, thread, keys, maxBatch, status, watcher } : null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isWords(value: unknown): value is string {
  return typeof value === "string" && WORDS.test(value);
}

function isDump(value: unknown): value is StackDump {
  if (typeof value !== "object" || value === null) return false;
  const { signal, format } = value as Record<string, unknown>;
  return (
    isCount(signal) && signal > 0 && signal <= LAST_SIGNAL && signal !== constants.signals.SIGKILL && isWords(format)
  );
}
