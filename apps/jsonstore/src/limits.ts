// Everything that has a limit, in one table: the defaults of the keys and the documentation come from it, and what is answered beyond a limit
// from the table of problems.
import type { ProblemCode } from "./problems.ts";

const KILO = 1024;
const MEGA = 1024 * KILO;

/** A limit that a key of the INI file sets. */
interface Limit {
  /** In bytes where it is about bytes. */
  readonly default: number;
  readonly isBytes: boolean;
  readonly meaning: string;
  /** What the answer is beyond it. */
  readonly problem: ProblemCode;
}

/** By the name of the key. */
export const LIMITS = {
  max_body: { default: 64 * MEGA, isBytes: true, meaning: "bytes of a body", problem: "body-too-large" },
  max_depth: {
    default: 512,
    isBytes: false,
    meaning: "arrays and objects inside each other, from the root",
    problem: "too-deep",
  },
  max_key: { default: 4 * KILO, isBytes: true, meaning: "bytes of a key", problem: "key-too-long" },
  max_string: {
    default: 16 * MEGA,
    isBytes: true,
    meaning: "bytes of a string, as it is sent",
    problem: "string-too-long",
  },
  max_operations: {
    default: 10_000,
    isBytes: false,
    meaning: "operations of a patch",
    problem: "too-many-operations",
  },
  max_listeners: {
    default: 1000,
    isBytes: false,
    meaning: "clients that watch, in one worker",
    problem: "too-many-readers",
  },
} as const satisfies Readonly<Record<string, Limit>>;

/** Writes a number as an INI file has it. */
export function iniNumber({ default: number, isBytes }: Limit): string {
  if (!isBytes || number % KILO !== 0) return String(number);
  return number % MEGA === 0 ? `${number / MEGA}m` : `${number / KILO}k`;
}
