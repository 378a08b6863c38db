// A regular expression over what a client has sent, matched in time that grows with the length of the text. It finds what RegExp finds:
// RegExp itself where the next character always tells how to go on; elsewhere a machine that goes back as RegExp does, but never twice to
// one state at one position, which has failed the first time. Source: RE2's BitState.
import { compileProgram, isUnambiguous, type Program } from "./linear-program.ts";
import { parseExpression } from "./linear-syntax.ts";

/** What was found: the whole, then each group, undefined for one that was left out; null if nothing. */
export type Match = ({ readonly 0: string } & readonly (string | undefined)[]) | null;

/**
 * Compiles an expression that begins at the start of the text.
 *
 * @param source - as RegExp takes it with the flag `s`
 * @param isOpen - whether the text may go on after what was found
 * @throws SyntaxError as RegExp, and for what is not known here: references back to a group, names of groups, modifiers
 */
export function linearExpression(source: string, isOpen: boolean): (text: string) => Match {
  const regex = new RegExp(`^(?:${source})${isOpen ? "" : "$"}`, "s");
  const tree = parseExpression(source);
  if (tree === null)
    throw new SyntaxError(`Cannot match /${source}/; expected no references, names of groups or modifiers`);
  const program = compileProgram(tree);
  return isUnambiguous(program) ? (text) => regex.exec(text) : (text) => run(program, text, isOpen);
}

function run({ steps, states, groups, slots }: Program, text: string, isOpen: boolean): Match {
  const tried = new Uint8Array(states * (text.length + 1));
  const kept = new Int32Array(slots).fill(-1);
  /** Where to go on when a way fails, in pairs: a step and a position, or the complement of a slot and what it held. */
  const ways = [0, 0];
  for (;;) {
    let position = ways.pop();
    let at = ways.pop();
    if (position === undefined || at === undefined) return null;
    if (at < 0) {
      kept[~at] = position;
      continue;
    }
    for (let step = steps[at]; step !== undefined; step = steps[at]) {
      if (step.kind === "character") {
        if (position === text.length || !step.isIn(text.charCodeAt(position))) break;
        position += 1;
        at += 1;
      } else if (step.kind === "fork") {
        let state: number = step.state;
        for (let bit = 0; bit < step.turns.length; bit += 1) {
          if (kept[step.turns[bit] ?? 0] === position) state += 1 << bit;
        }
        const index: number = state * (text.length + 1) + position;
        if (tried[index] === 1) break;
        tried[index] = 1;
        ways.push(step.second, position);
        at = step.first;
      } else if (step.kind === "save") {
        ways.push(~step.slot, kept[step.slot] ?? -1);
        kept[step.slot] = position;
        at += 1;
      } else if (step.kind === "jump") {
        at = step.to;
      } else if (step.kind === "moved") {
        if (kept[step.slot] === position) break;
        at += 1;
      } else if (step.kind === "assertion") {
        step.regex.lastIndex = position;
        if (!step.regex.test(text)) break;
        at += 1;
      } else {
        if (!isOpen && position !== text.length) break;
        return [text.slice(0, position), ...groupsOf(text, kept.subarray(0, groups * 2))];
      }
    }
  }
}

function groupsOf(text: string, kept: Int32Array): (string | undefined)[] {
  return Array.from({ length: kept.length / 2 }, (_, group) => {
    const [start = -1, end = -1] = kept.subarray(group * 2, group * 2 + 2);
    return end < 0 ? undefined : text.slice(start, end);
  });
}
