// Reads a JSON Patch: its operations, with values as text. Source: RFC 6902 sections 3 and 4.
import { Problem } from "../problem.ts";
import { hasLoneSurrogate } from "./json-key.ts";
import { parsePointer, type Path } from "./pointer.ts";
import { elementsOf, membersOf, typeAt } from "./spans.ts";

/** One operation. */
export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: Path; readonly value: string }
  | { readonly op: "remove"; readonly path: Path }
  | { readonly op: "move" | "copy"; readonly path: Path; readonly from: Path };

/**
 * Reads the operations of a compact text.
 *
 * @throws Problem `bad-patch` with the number of the operation, or `too-many-operations`
 */
export function readOperations(text: string, most: number): PatchOperation[] {
  if (typeAt(text, 0) !== "array") throw new Problem("bad-patch", { detail: "Expected an array of operations" });
  const operations: PatchOperation[] = [];
  for (const { start } of elementsOf(text, 0)) {
    const operation = operations.length;
    if (operation >= most) throw new Problem("too-many-operations", { detail: `A patch may have ${most} operations` });
    operations.push(readOperation(text, start, operation));
  }
  return operations;
}

function readOperation(text: string, start: number, operation: number): PatchOperation {
  if (typeAt(text, start) !== "object") throw bad(operation, "Expected an object");
  const members = new Map<string, string>();
  for (const { key, start: at, end } of membersOf(text, start)) members.set(key, text.slice(at, end));
  const op = stringOf(members, "op", operation);
  const path = pointerOf(members, "path", operation);
  switch (op) {
    case "add":
    case "replace":
    case "test": {
      const value = members.get("value");
      if (value === undefined) throw bad(operation, `"${op}" needs a "value"`);
      return { op, path, value };
    }
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      return { op, path, from: pointerOf(members, "from", operation) };
    default:
      throw bad(operation, `Expected add, remove, replace, move, copy or test, got "${op}"`);
  }
}

function stringOf(members: ReadonlyMap<string, string>, name: string, operation: number): string {
  const text = members.get(name);
  if (text?.startsWith('"') !== true) throw bad(operation, `Expected a string in "${name}"`);
  return JSON.parse(text) as string; // a string of JSON is a string
}

function pointerOf(members: ReadonlyMap<string, string>, name: string, operation: number): Path {
  const pointer = stringOf(members, name, operation);
  const path = parsePointer(pointer);
  if (path === null) throw bad(operation, `Expected a JSON Pointer in "${name}", got "${pointer}"`);
  if (hasLoneSurrogate(pointer)) throw new Problem("lone-surrogate", { operation, detail: `In "${name}"` });
  return path;
}

function bad(operation: number, detail: string): Problem {
  return new Problem("bad-patch", { operation, detail });
}
