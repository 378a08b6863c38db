// HELLO, the first frame of each connection. Read strictly: whoever may open the socket writes it, and another user's process may.
// Source: docs/lane-protocol.md, "HELLO".
import { constants } from "node:os";
import { LANE_VERSION } from "../../protocols/lane/frame.ts";
import { MAX_BATCH } from "./policy.ts";

/** How a guest uses the status file: mapped, by a write for each request, or not at all. */
export type StatusUse = "mmap" | "write" | "none";

/** How a process can be made to write its stacks to descriptor 3. */
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
  /** Index of the lane in its process. */
  readonly lane: number;
  /** The thread, as the guest's own stack dumps name it. */
  readonly thread: string;
  /** How many lists of keys it remembers. */
  readonly keys: number;
  /** How many requests it may have at a time. */
  readonly maxBatch: number;
  readonly status: StatusUse;
}

export type Hello = ControlHello | LaneHello;

const STATUS_USES: readonly StatusUse[] = ["mmap", "write", "none"];
const LAST_SIGNAL = 64;
/** What comes into messages: printable, and short. */
const WORDS = /^[ -~]{0,80}$/;

/**
 * Reads a HELLO.
 *
 * @param text - JSON
 * @returns what it says, and the secret that it shows; null where it makes no sense, or is of another protocol
 */
export function parseHello(text: string): { readonly token: string; readonly hello: Hello } | null {
  const json: unknown = JSON.parse(text);
  if (typeof json !== "object" || json === null) return null;
  const { protocol, token, process, lane } = json as Record<string, unknown>;
  if (protocol !== LANE_VERSION || typeof token !== "string" || !isCount(process) || typeof lane !== "number")
    return null;
  const hello = lane === -1 ? controlHello(process, json) : laneHello(process, lane, json);
  return hello === null ? null : { token, hello };
}

function controlHello(process: number, json: object): ControlHello | null {
  const { pid, language = "", version = "", dump = null } = json as Record<string, unknown>;
  // The id becomes part of the name of a file, and is sent signals: 0, 1 and negative ones would reach others.
  if (!isCount(pid) || pid < 2 || !isWords(language) || !isWords(version)) return null;
  return dump === null || isDump(dump) ? { kind: "control", process, pid, language, version, dump } : null;
}

function laneHello(process: number, lane: number, json: object): LaneHello | null {
  const fields = json as Record<string, unknown>;
  const { thread = "", keys = 0, maxBatch = MAX_BATCH } = fields;
  const status = STATUS_USES.find((use) => use === (fields["status"] ?? "mmap"));
  if (!isCount(lane) || !isWords(thread) || !isCount(keys) || !isCount(maxBatch) || status === undefined) return null;
  // Without the file nobody knows which of several requests was started.
  const isSound = maxBatch === 1 || (maxBatch > 1 && status !== "none");
  return isSound ? { kind: "lane", process, lane, thread, keys, maxBatch, status } : null;
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
