// A JSON Patch, applied to the tree: one operation after the other, all or nothing. Source: RFC 6902.
import { Problem } from "../problem.ts";
import { DepthMeter } from "../text/depth.ts";
import { isEqualJson } from "../text/equal.ts";
import type { PatchOperation } from "../text/patch-operations.ts";
import { arrayIndex, formatPointer, type Path } from "../text/pointer.ts";
import type { Write } from "./change-tree.ts";
import { copyText } from "./copy-text.ts";
import { find, insert, noteUnchanged, put, remove, typeOf, writeText } from "./document.ts";
import type { Work } from "./work.ts";

/** What a patch may ask for. */
export interface PatchLimits {
  /** Containers inside each other, from the root of the document. */
  readonly depth: number;
  /** Characters of what all operations together copy, compare and measure: a copy of a copy would double for ever. */
  readonly read: number;
  /** Checks the keys of a path that may be made. @throws Problem */
  readonly checkPath: (path: Path) => void;
}

/**
 * Applies operations to a node; their paths start there.
 *
 * @throws Problem with the number of the operation
 */
export function* jsonPatch(
  write: Write,
  root: Path,
  operations: readonly PatchOperation[],
  limits: PatchLimits,
): Work<void> {
  const budget = new Budget(limits.read);
  for (const [operation, entry] of operations.entries()) {
    try {
      yield* apply(write, root, entry, limits, budget);
    } catch (error) {
      throw error instanceof Problem ? inOperation(error, operation) : error;
    }
  }
  if (write.changes.length === 0) yield* noteUnchanged(write, root);
}

/** What cannot be applied is one problem, whatever the reason is. */
function inOperation(problem: Problem, operation: number): Problem {
  const { kind, status, message, details } = problem;
  const isRefused = status === 404 || status === 409;
  const isOwn = kind === "test-failed";
  return new Problem(
    isRefused && !isOwn ? "patch-failed" : kind,
    { detail: message, ...details, operation },
    { cause: problem },
  );
}

/** What a patch may still read. */
class Budget {
  readonly #most: number;
  #left: number;

  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /** @throws Problem when there is not as much */
  spend(characters: number): void {
    this.#left -= characters;
    if (this.#left >= 0) return;
    throw new Problem("copy-too-large", { detail: `A patch may copy and compare ${this.#most} characters` });
  }
}

function* apply(write: Write, root: Path, entry: PatchOperation, limits: PatchLimits, budget: Budget): Work<void> {
  const path = [...root, ...entry.path];
  switch (entry.op) {
    case "test":
      return yield* test(path, entry.value, budget);
    case "remove":
      yield* remove(write, path);
      return undefined;
    case "replace":
      yield* find(path);
      checkDepth(path, entry.value, limits);
      yield* put(write, path, entry.value);
      return undefined;
    case "add":
      checkDepth(path, entry.value, limits);
      return yield* add(write, root, path, entry.value, limits);
    case "copy": {
      const value = yield* textOf([...root, ...entry.from], budget);
      checkDepth(path, value, limits);
      return yield* add(write, root, path, value, limits);
    }
    case "move":
      return yield* move(write, root, [...root, ...entry.from], path, limits, budget);
  }
}

function* test(path: Path, value: string, budget: Budget): Work<void> {
  const text = yield* textOf(path, budget);
  if (!isEqualJson(text, value, (characters) => budget.spend(characters))) {
    throw new Problem("test-failed", { pointer: formatPointer(path), detail: "The node has another value" });
  }
}

/** To an object or the root it sets, into an array it inserts. */
function* add(write: Write, root: Path, path: Path, value: string, { checkPath }: PatchLimits): Work<void> {
  const token = path.at(-1);
  checkPath(path);
  if (token === undefined || path.length === root.length) {
    yield* put(write, path, value);
    return;
  }
  const parentPath = path.slice(0, -1);
  const parent = yield* find(parentPath);
  if (typeOf(parent) !== "array") {
    yield* put(write, path, value);
    return;
  }
  const index = token === "-" ? null : arrayIndex(token);
  if (token !== "-" && index === null) throw new Problem("not-an-index", { pointer: formatPointer(path) });
  yield* insert(write, parentPath, parent, index, value);
}

function* move(write: Write, root: Path, from: Path, to: Path, limits: PatchLimits, budget: Budget): Work<void> {
  const isInside = from.length < to.length && from.every((token, index) => token === to[index]);
  if (isInside)
    throw new Problem("patch-failed", { pointer: formatPointer(to), detail: "A node cannot be moved into itself" });
  if (from.length === to.length && from.every((token, index) => token === to[index])) {
    yield* find(from);
    return;
  }
  const value = yield* remove(write, from, true);
  if (to.length > from.length) yield* checkMovedDepth(to, value, limits, budget);
  yield* add(write, root, to, value, limits);
}

function* checkMovedDepth(path: Path, value: string, { depth }: PatchLimits, budget: Budget): Work<void> {
  const meter = new DepthMeter();
  yield* copyText(value, (piece) => {
    budget.spend(piece.length);
    meter.write(piece);
  });
  if (path.length + meter.deepest > depth) throw tooDeep(path, depth);
}

function checkDepth(path: Path, value: string, { depth }: PatchLimits): void {
  const meter = new DepthMeter();
  meter.write(value);
  if (path.length + meter.deepest > depth) throw tooDeep(path, depth);
}

function tooDeep(path: Path, depth: number): Problem {
  return new Problem("too-deep", { pointer: formatPointer(path), detail: `Containers may be ${depth} deep` });
}

function* textOf(path: Path, budget: Budget): Work<string> {
  const node = yield* find(path);
  const pieces: string[] = [];
  yield* writeText(node, (piece) => {
    budget.spend(piece.length);
    pieces.push(piece);
  });
  return pieces.join("");
}
