// What a client that watches a node is told of changes. It can apply the events to its copy one after the other, and has the node then.
import { parsePointer } from "../text/pointer.ts";
import { isShifted, isWithin, parentPointer, touchOf } from "../text/pointer-relation.ts";
import { locate } from "../storage/locate.ts";
import type { ChangeRow } from "../storage/rows.ts";
import type { Work } from "../storage/work.ts";
import { collectText } from "./collect-text.ts";

/** Characters of a value that an event has with it. */
const LONGEST_VALUE = 64 * 1024;

/** An event: a name, and data of one line. */
export interface ChangeEvent {
  readonly id: number;
  readonly name: "put" | "delete" | "insert" | "patch" | "open" | "reset";
  readonly data: string;
}

interface Operation {
  readonly op: "put" | "delete" | "insert";
  readonly data: string;
}

/** What a client is told first: the node as it is. */
export function* firstEvent(watched: string, id: number): Work<ChangeEvent> {
  const value = yield* todaysValue(watched);
  const { text } = value ?? { text: null };
  return text === null
    ? { id, name: "open", data: '{"path":""}' }
    : { id, name: "put", data: `{"path":"","value":${text}}` };
}

/**
 * Returns the events of some changes, which are all up to the state that is read.
 *
 * @param isResumed - the changes were missed: the values are those of today, and elements that moved meanwhile are a reason to read again
 */
export function* eventsOf(watched: string, changes: readonly ChangeRow[], isResumed: boolean): Work<ChangeEvent[]> {
  const touching = changes.filter((change) => touchOf(watched, change.path, isShift(change)) !== null);
  const last = changes.at(-1)?.seq ?? 0;
  if (isResumed && touching.some((change) => isShift(change))) return [reset(last)];
  const events: ChangeEvent[] = [];
  for (let at = 0; at < touching.length;) {
    const seq = touching[at]?.seq ?? 0;
    const operations: Operation[] = [];
    for (; touching[at]?.seq === seq; at += 1) {
      const change = touching[at] as ChangeRow; // the loop's condition has read it
      const isAbove = touchOf(watched, change.path, isShift(change)) === "above";
      // What changed above is the node of today, with all that follows in it.
      if (isAbove) return [...events, ...(yield* wholeNode(watched, last))];
      const operation = yield* operationOf(watched, change, touching.slice(at + 1), isResumed);
      if (operation === "reset") return [...events, reset(last)];
      if (operation !== null) operations.push(operation);
    }
    events.push(...combine(seq, operations));
  }
  return events;
}

/** Tells a client to read again. */
export function reset(id: number): ChangeEvent {
  return { id, name: "reset", data: "{}" };
}

function isShift({ op }: ChangeRow): boolean {
  return op === "insert" || op === "remove";
}

/** One change is its own event, several of one transaction are one. */
function combine(id: number, operations: readonly Operation[]): ChangeEvent[] {
  const [first] = operations;
  if (first === undefined) return [];
  if (operations.length === 1) return [{ id, name: first.op, data: `{${first.data}}` }];
  const list = operations.map(({ op, data }) => `{"op":"${op}",${data}}`).join(",");
  return [{ id, name: "patch", data: `{"operations":[${list}]}` }];
}

function* wholeNode(watched: string, id: number): Work<ChangeEvent[]> {
  const value = yield* todaysValue(watched);
  if (value === null) return [{ id, name: "delete", data: '{"path":""}' }];
  return [{ id, name: "put", data: value.text === null ? '{"path":""}' : `{"path":"","value":${value.text}}` }];
}

function* operationOf(
  watched: string,
  change: ChangeRow,
  later: readonly ChangeRow[],
  isResumed: boolean,
): Work<Operation | "reset" | null> {
  const path = `"path":${JSON.stringify(change.path.slice(watched.length))}`;
  if (change.op === "delete" || change.op === "remove") return { op: "delete", data: path };
  const known = isResumed ? null : change.value;
  const op = change.op === "put" ? "put" : "insert";
  if (known !== null) return { op, data: `${path},"value":${known}` };
  // The value of today is the right one unless a later change would be applied to it a second time.
  if (later.some((other) => (isShift(other) || other.op === "append") && isEntangled(change.path, other.path)))
    return "reset";
  const value = yield* todaysValue(change.path);
  // Gone by now: a later event says so.
  if (value === null) return null;
  return { op, data: value.text === null ? path : `${path},"value":${value.text}` };
}

/** Whether a shift is in the node at a pointer, or moves it. */
function isEntangled(pointer: string, shift: string): boolean {
  return isWithin(parentPointer(shift), pointer) || isShifted(pointer, shift);
}

/** @returns null when nothing is there; the text null when it is too long for an event */
function* todaysValue(pointer: string): Work<{ readonly text: string | null } | null> {
  const lookup = yield* locate(parsePointer(pointer) ?? []);
  return lookup.isFound ? { text: yield* collectText(lookup.node, LONGEST_VALUE) } : null;
}
