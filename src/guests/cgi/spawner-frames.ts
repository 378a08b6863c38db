// What a worker and its spawner say to each other. The worker sends frames: a length of four bytes (big endian), then fields with a NUL
// between them, which no name, value or path holds. `make N`: have N sets of named pipes. `spawn ID PIPES DIRECTORY PROGRAM COUNT
// ARGUMENTS... VARIABLES...`: run a program. The spawner answers with lines: `have N`, `pid ID PID`, `failed ID ERRNO`, `exit ID CODE SIGNAL`.
import { Buffer } from "node:buffer";

/** A program to be run. All texts are native strings, one code point per byte. */
export interface SpawnRequest {
  /** Absolute path. */
  readonly program: string;
  /** Behind the name of the program. */
  readonly arguments: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** `NAME=VALUE`, all of its environment. */
  readonly environment: readonly string[];
}

/** Makes the frame that asks for more named pipes. */
export function makeFrame(count: number): Buffer {
  return frame(["make", String(count)]);
}

/**
 * Makes the frame that runs a program.
 *
 * @param id - by which the spawner speaks of it
 * @param pipes - number of the named pipes that are its three streams
 */
export function spawnFrame(id: number, pipes: number, request: SpawnRequest): Buffer {
  const { program, directory, environment } = request;
  const count = request.arguments.length;
  return frame(["spawn", `${id}`, `${pipes}`, directory, program, `${count}`, ...request.arguments, ...environment]);
}

function frame(fields: readonly string[]): Buffer {
  const text = fields.join("\0");
  const data = Buffer.allocUnsafe(4 + text.length);
  data.writeUInt32BE(text.length);
  data.write(text, 4, "latin1");
  return data;
}

/** What the spawner reports. */
export type SpawnerReport =
  | { readonly kind: "have"; readonly count: number }
  | { readonly kind: "pid"; readonly id: number; readonly pid: number }
  | { readonly kind: "failed"; readonly id: number; readonly errno: number }
  | { readonly kind: "exit"; readonly id: number; readonly code: number; readonly signal: number };

/** Reads a line of the spawner; null when it is none of these. */
export function readReport(line: string): SpawnerReport | null {
  const [kind, ...texts] = line.split(" ");
  const [first = 0, second = 0, third = 0] = texts.map(Number);
  if (kind === "have") return { kind, count: first };
  if (kind === "pid") return { kind, id: first, pid: second };
  if (kind === "failed") return { kind, id: first, errno: second };
  return kind === "exit" ? { kind, id: first, code: second, signal: third } : null;
}
