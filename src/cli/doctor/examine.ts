// The work of `tsgi doctor`: looks, judges, prints.
import { EXIT_CODES } from "../exit-codes.ts";
import { type Facts, gatherFacts } from "./facts.ts";
import { type Finding, findingsOf } from "./findings.ts";

/** Options of `tsgi doctor`. */
export interface DoctorOptions {
  readonly python?: string;
  readonly json?: true;
}

/**
 * Prints what it finds.
 *
 * @param version - of this package
 * @param write - takes the text. @default standard output
 * @returns the exit code of the process: `unhealthy` when something keeps a server from working
 */
export function examine(
  version: string,
  { python, json: isJson }: DoctorOptions,
  write: (text: string) => void = (text) => process.stdout.write(text),
): number {
  const facts: Facts = gatherFacts(version, python, process.cwd());
  const findings = findingsOf(facts);
  write(isJson === true ? `${JSON.stringify({ ...facts, findings }, null, 2)}\n` : report(findings));
  return findings.some(({ level }) => level === "fail") ? EXIT_CODES.unhealthy : EXIT_CODES.success;
}

function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.map(({ level, subject, text, advice }) => {
    const line = `${level.padEnd(4)}  ${subject.padEnd(width)}  ${text}\n`;
    return advice === undefined ? line : `${line}${" ".repeat(width + 8)}${advice}\n`;
  });
  const failed = findings.filter(({ level }) => level === "fail").length;
  const warned = findings.filter(({ level }) => level === "warn").length;
  const end = failed > 0 ? `${failed} to mend` : warned > 0 ? `Ready, with ${warned} to look at` : "Ready";
  return `${lines.join("")}\n${end}\n`;
}
