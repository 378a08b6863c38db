// What a worker and its spawner say to each other. The worker sends frames: a length of four bytes (big endian), then fields with a NUL
// between them, which no name, value or path holds. `make OUTPUTS INPUTS`: have so many named pipes, a pair for each number of the first and
// one for each of the second. `spawn ID OUTPUTS INPUT DIRECTORY PROGRAM COUNT ARGUMENTS... VARIABLES...`: run a program; without INPUT it reads
// nothing. The spawner answers with lines: `have OUTPUTS INPUTS`, `pid ID PID`, `failed ID ERRNO`, `exit ID CODE SIGNAL`.
import { Buffer } from "node:buffer";

/** A program to be run. All texts are native strings, one code point per byte. */
export interface SpawnRequest {
  /** Absolute path. */
  readonly program: string;
  /** Behind the name of the program. */
  readonly arguments: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** Whether there is anything for it to read. Without, its input is `/dev/null`, which is the cheapest one that has an end. */
  readonly hasInput: boolean;
  /** `NAME=VALUE`, all of its environment. */
  readonly environment: readonly string[];
}

/** Makes the frame that asks for more named pipes. */
export function makeFrame(outputs: number, inputs: number): Buffer {
  return frame(["make", String(outputs), String(inputs)]);
}

/**
 * Makes the frame that runs a program.
 *
 * @param id - by which the spawner speaks of it
 * @param outputs - number of the named pipes that it writes to
 * @param input - number of the one that it reads from; null for none
 */
export function spawnFrame(id: number, outputs: number, input: number | null, request: SpawnRequest): Buffer {
  const { program, directory, environment } = request;
  const count = request.arguments.length;
  const pipes = [String(outputs), input === null ? "" : String(input)];
  return frame(["spawn", `${id}`, ...pipes, directory, program, `${count}`, ...request.arguments, ...environment]);
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
  | { readonly kind: "have"; readonly outputs: number; readonly inputs: number }
  | { readonly kind: "pid"; readonly id: number; readonly pid: number }
  | { readonly kind: "failed"; readonly id: number; readonly errno: number }
  | { readonly kind: "exit"; readonly id: number; readonly code: number; readonly signal: number };

/** Reads a line of the spawner; null when it is none of these. */
export function readReport(line: string): SpawnerReport | null {
  const [kind, ...texts] = line.split(" ");
  const [first = 0, second = 0, third = 0] = texts.map(Number);
  if (kind === "have") return { kind, outputs: first, inputs: second };
  if (kind === "pid") return { kind, id: first, pid: second };
  if (kind === "failed") return { kind, id: first, errno: second };
  return kind === "exit" ? { kind, id: first, code: second, signal: third } : null;
}
