// The program of a regular expression: what a machine does step by step. Source: Russ Cox, "Regular Expression Matching: the Virtual
// Machine Approach"; turns that may be empty as RepeatMatcher of ECMA-262 section 22.2.2.3.1 has them.
import type { Node } from "./linear-syntax.ts";

/** One step; the next one follows unless it names another. */
export type Step =
  | { readonly kind: "character"; readonly isIn: (code: number) => boolean }
  | { readonly kind: "assertion"; readonly regex: RegExp }
  | Fork
  | { readonly kind: "jump"; readonly to: number }
  /** Keeps the position in a slot. */
  | { readonly kind: "save"; readonly slot: number }
  /** Fails where the position is still that of the slot. */
  | { readonly kind: "moved"; readonly slot: number }
  | { readonly kind: "accept" };

/** Goes on at `first`, and where that fails at `second`. */
interface Fork {
  readonly kind: "fork";
  /** The first of the states that it has at one position. */
  readonly state: number;
  /** Slots of the turns around it: whether the position is still theirs tells its states apart. */
  readonly turns: readonly number[];
  readonly first: number;
  readonly second: number;
}

/** What a machine runs. */
export interface Program {
  readonly steps: readonly Step[];
  /** Of all forks, at one position. */
  readonly states: number;
  /** Group n has the slots 2n and 2n + 1; the slots beyond the groups serve `moved`. */
  readonly groups: number;
  readonly slots: number;
}

const LATIN1 = 256;

/** Writes the program of an expression. */
export function compileProgram(root: Node): Program {
  const writer = new Writer();
  const groups = countGroups(root);
  writer.slots = groups * 2;
  writer.write(root);
  writer.steps.push({ kind: "accept" });
  return { steps: writer.steps, states: writer.states, groups, slots: writer.slots };
}

/**
 * Whether the next character always tells which way to go at a fork. Then each way that is left is left for good, and one that goes back
 * tries every position once.
 */
export function isUnambiguous({ steps }: Program): boolean {
  return steps.every((step) => {
    if (step.kind !== "fork") return true;
    const first = beginnings(steps, step.first);
    const second = beginnings(steps, step.second);
    for (let code = 0; code < LATIN1; code += 1) {
      if (first.some((isIn) => isIn(code)) && second.some((isIn) => isIn(code))) return false;
    }
    return true;
  });
}

class Writer {
  readonly steps: Step[] = [];
  states = 0;
  slots = 0;
  #group = 0;
  #turns: readonly number[] = [];

  write(node: Node): void {
    switch (node.kind) {
      case "character":
        this.steps.push({ kind: "character", isIn: testOf(node.source) });
        return;
      case "assertion":
        this.steps.push({ kind: "assertion", regex: new RegExp(node.source, "sy") });
        return;
      case "sequence":
        for (const part of node.nodes) this.write(part);
        return;
      case "choice":
        this.#choose(node.nodes);
        return;
      case "group":
        this.#capture(node.node);
        return;
      case "repeat":
        for (let count = 0; count < node.least; count += 1) this.write(node.node);
        this.#repeat(node.node, node.most - node.least, node.isLazy);
    }
  }

  #choose([node, ...others]: readonly Node[]): void {
    if (node === undefined) return;
    if (others.length === 0) {
      this.write(node);
      return;
    }
    const setFork = this.#fork(false);
    this.write(node);
    const setEnd = this.#jump();
    setFork();
    this.#choose(others);
    setEnd();
  }

  #capture(node: Node): void {
    const slot = this.#group * 2;
    this.#group += 1;
    this.steps.push({ kind: "save", slot });
    this.write(node);
    this.steps.push({ kind: "save", slot: slot + 1 });
  }

  /** Writes turns that may be left out. */
  #repeat(node: Node, most: number, isLazy: boolean): void {
    const start = this.steps.length;
    const turns = most === Infinity ? 1 : most;
    const setForks: (() => void)[] = [];
    for (let count = 0; count < turns; count += 1) {
      setForks.push(this.#fork(isLazy));
      if (!canBeEmpty(node)) {
        this.write(node);
        continue;
      }
      const slot = this.slots;
      this.slots += 1;
      this.steps.push({ kind: "save", slot });
      const outer = this.#turns;
      this.#turns = [...outer, slot];
      this.write(node);
      this.#turns = outer;
      this.steps.push({ kind: "moved", slot });
    }
    if (most === Infinity) this.steps.push({ kind: "jump", to: start });
    for (const set of setForks) set();
  }

  /** Writes a fork whose other way begins where the next step stands when the result is called. */
  #fork(isLazy: boolean): () => void {
    const at = this.steps.length;
    const state = this.states;
    const turns = this.#turns;
    this.states += 2 ** turns.length;
    const setTo = (other: number): void => {
      const [first, second] = isLazy ? [other, at + 1] : [at + 1, other];
      this.steps[at] = { kind: "fork", state, turns, first, second };
    };
    setTo(at);
    return () => setTo(this.steps.length);
  }

  #jump(): () => void {
    const at = this.steps.length;
    this.steps.push({ kind: "jump", to: at });
    return () => (this.steps[at] = { kind: "jump", to: this.steps.length });
  }
}

/** The tests of the characters that may come next; none at the end, where nothing is left to go back for. */
function beginnings(steps: readonly Step[], start: number): ((code: number) => boolean)[] {
  const found: ((code: number) => boolean)[] = [];
  const seen = new Set<number>();
  const left = [start];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const step = steps[at];
    if (step === undefined || seen.has(at)) continue;
    seen.add(at);
    if (step.kind === "character") found.push(step.isIn);
    else if (step.kind === "fork") left.push(step.first, step.second);
    else if (step.kind === "jump") left.push(step.to);
    else if (step.kind !== "accept") left.push(at + 1);
  }
  return found;
}

function testOf(source: string): (code: number) => boolean {
  const regex = new RegExp(`^${source}$`, "s");
  const table = Uint8Array.from({ length: LATIN1 }, (_, code) => Number(regex.test(String.fromCharCode(code))));
  return (code) => (code < LATIN1 ? table[code] === 1 : regex.test(String.fromCharCode(code)));
}

function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case "character":
      return false;
    case "assertion":
      return true;
    case "sequence":
      return node.nodes.every(canBeEmpty);
    case "choice":
      return node.nodes.some(canBeEmpty);
    case "group":
      return canBeEmpty(node.node);
    case "repeat":
      return node.least === 0 || canBeEmpty(node.node);
  }
}

function countGroups(node: Node): number {
  switch (node.kind) {
    case "character":
    case "assertion":
      return 0;
    case "sequence":
    case "choice":
      return node.nodes.reduce((sum, part) => sum + countGroups(part), 0);
    case "group":
      return 1 + countGroups(node.node);
    case "repeat":
      return countGroups(node.node);
  }
}
