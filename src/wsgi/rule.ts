// A rule of the contract, declared once: the sentence that states it and the check that enforces it. The validator runs the checks;
// SPEC.md is generated from the sentences.
import { ContractViolation } from "./errors.ts";

/** What SPEC.md shows of a rule. */
export interface RuleText {
  /** Stable identifier; the `code` of the error or warning. */
  readonly code: string;
  /** One normative sentence, without the full stop. */
  readonly text: string;
  /** True if a breach is only a warning and the request continues. */
  readonly isWarning?: true;
}

/** A rule about a `Subject`. */
export interface Rule<Subject> extends RuleText {
  /** Gives null when the rule holds, otherwise what is wrong, to be shown after the sentence. */
  check(subject: Subject): string | null;
}

/** A section of SPEC.md with its rules. */
export interface RuleSection {
  readonly title: string;
  /** Paragraphs in Markdown. */
  readonly introduction: string;
  readonly rules: readonly RuleText[];
}

/**
 * Checks one rule.
 *
 * @throws ContractViolation with the code of the rule when it is broken; a rule that only warns emits a `WSGIWarning` instead
 */
export function enforce<Subject>(rule: Rule<Subject>, subject: Subject): void {
  const problem = rule.check(subject);
  if (problem === null) return;
  const message = `${rule.text} (${problem})`;
  if (rule.isWarning !== true) throw new ContractViolation(rule.code, message);
  process.emitWarning(message, { type: "WSGIWarning", code: rule.code });
}

/** Shows a value in the message of a broken rule: short, quoted, on one line. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function";
  const name = typeof value === "object" ? (value.constructor as Function | undefined)?.name : undefined;
  return name === undefined || name === "" ? `a value of type ${typeof value}` : `an object of ${name}`;
}
