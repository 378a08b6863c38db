// The messages of a guest's control channel, parsed strictly: the process may run as another user and send anything.
// Source: docs/lane-protocol.md, "Control channel".
import type { Buffer } from "node:buffer";
import { LaneProtocolError } from "../../protocols/lane/errors.ts";
import { FrameType, type LaneFrame } from "../../protocols/lane/frame.ts";

/** Sent by a guest once its application is loaded. */
export interface GuestReady {
  /** Where a script would have listened: host and port. */
  readonly address: readonly [host: string, port: number] | null;
  /** Loaded source files, for a file watcher. */
  readonly modules: readonly string[];
  /** Names of the hooks that are defined. */
  readonly hooks: readonly string[];
}

/** A message of the control channel. */
export type ControlMessage =
  | { readonly kind: "ready"; readonly ready: GuestReady }
  | { readonly kind: "broken"; readonly message: string; readonly stack: string; readonly mistake: string | null }
  | { readonly kind: "exited"; readonly pid: number; readonly status: number }
  | { readonly kind: "log"; readonly level: string; readonly message: string }
  | { readonly kind: "modules"; readonly modules: readonly string[] };

/**
 * Parses a frame of the control channel.
 *
 * @returns the message; null if the type is unknown
 * @throws LaneProtocolError if the frame violates the protocol
 */
export function readControlMessage({ type, body }: LaneFrame): ControlMessage | null {
  switch (type) {
    case FrameType.ready: {
      const { address = null, modules = [], hooks = [] } = membersOf(body);
      if (!isAddress(address) || !areTexts(modules) || !areTexts(hooks)) throw malformed("READY");
      return { kind: "ready", ready: { address, modules, hooks } };
    }
    case FrameType.broken: {
      const { message, stack = "", kind: mistake = null } = membersOf(body);
      if (!isText(message) || !isText(stack) || !(mistake === null || isText(mistake))) throw malformed("BROKEN");
      return { kind: "broken", message, stack, mistake };
    }
    case FrameType.exited: {
      const { pid, status } = membersOf(body);
      if (!isInteger(pid) || pid < 2 || !isInteger(status)) throw malformed("EXITED");
      return { kind: "exited", pid, status };
    }
    case FrameType.log: {
      const { level, message } = membersOf(body);
      if (!isText(level) || !isText(message)) throw malformed("LOG");
      return { kind: "log", level, message };
    }
    case FrameType.modules: {
      const modules = parsed(body);
      if (!areTexts(modules)) throw malformed("MODULES");
      return { kind: "modules", modules };
    }
    default:
      return null;
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

function membersOf(body: Buffer): Record<string, unknown> {
  const value = parsed(body);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isAddress(value: unknown): value is GuestReady["address"] {
  if (value === null) return true;
  return Array.isArray(value) && value.length === 2 && isText(value[0]) && isInteger(value[1]);
}

function malformed(name: string): LaneProtocolError {
  return new LaneProtocolError(`The guest sent ${name} with something else than its members`);
}
