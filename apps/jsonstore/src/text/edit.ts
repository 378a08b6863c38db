// Changes compact text by offsets. What is not named stays as it is, byte for byte.
import { COMMA } from "./characters.ts";
import { findElement, findMember, type Span } from "./spans.ts";

/** Replaces a part of a text. */
export function replaceSpan(text: string, { start, end }: Span, value: string): string {
  return text.slice(0, start) + value + text.slice(end);
}

/** Sets a member of the object at `object`: in place where there is one of this key, otherwise at the end. */
export function setMember(text: string, object: Span, key: string, value: string): string {
  const member = findMember(text, object.start, key);
  if (member !== null) return replaceSpan(text, member, value);
  const comma = object.end - object.start > 2 ? "," : "";
  return insertText(text, object.end - 1, `${comma}"${key}":${value}`);
}

/** Puts an element in front of the one at `index`, or at the end of the array at `array`. */
export function insertElement(text: string, array: Span, index: number, value: string): string {
  const element = findElement(text, array.start, index);
  if (element !== null) return insertText(text, element.start, `${value},`);
  const comma = array.end - array.start > 2 ? "," : "";
  return insertText(text, array.end - 1, `${comma}${value}`);
}

/** Removes the member with a key, which must be there. */
export function removeMember(text: string, object: Span, key: string): string {
  const member = findMember(text, object.start, key);
  return member === null ? text : removeItem(text, { start: member.keyStart, end: member.end });
}

/** Removes the element at an index, which must be there. */
export function removeElement(text: string, array: Span, index: number): string {
  const element = findElement(text, array.start, index);
  return element === null ? text : removeItem(text, element);
}

/** With the comma behind it, or, if it is the last, with the one in front of it. */
function removeItem(text: string, { start, end }: Span): string {
  if (text.charCodeAt(end) === COMMA) return text.slice(0, start) + text.slice(end + 1);
  const from = text.charCodeAt(start - 1) === COMMA ? start - 1 : start;
  return text.slice(0, from) + text.slice(end);
}

function insertText(text: string, at: number, piece: string): string {
  return text.slice(0, at) + piece + text.slice(at);
}
