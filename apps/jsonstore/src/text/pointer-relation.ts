// How a change touches a node that is watched. Both are pointers in their canonical form.
import { arrayIndex } from "./pointer.ts";

/** How a change touches a node: inside of it or itself, by what is above it, or not at all. */
export type Touch = "inside" | "above" | null;

/** Returns the pointer of the parent; that of the root is the root. */
export function parentPointer(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf("/")));
}

/** Whether a pointer is another one, or leads to something in it. */
export function isWithin(pointer: string, ancestor: string): boolean {
  return pointer.startsWith(ancestor) && (pointer.length === ancestor.length || pointer[ancestor.length] === "/");
}

/**
 * Tells how a change touches a node.
 *
 * @param isShift - whether the elements behind it have moved
 */
export function touchOf(watched: string, changed: string, isShift: boolean): Touch {
  if (isWithin(changed, watched) && !(isShift && changed === watched)) return "inside";
  if (!isShift) return isWithin(watched, changed) ? "above" : null;
  return isShifted(watched, changed) ? "above" : null;
}

/** Whether a node is, or is in, an element that a shift has moved: the one at the index, or one behind it. */
export function isShifted(pointer: string, changed: string): boolean {
  const array = parentPointer(changed);
  if (!isWithin(pointer, array) || pointer === array) return false;
  const element = pointer.slice(array.length + 1).split("/", 1)[0] ?? "";
  const index = arrayIndex(element);
  return index !== null && index >= Number(changed.slice(array.length + 1));
}
