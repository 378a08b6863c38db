// What a merge patch makes of nothing: the members that are null are left out, at every level. Source: RFC 7396 section 2.
import { behind, isClosed, keyAt, typeAt, valueEnd } from "./spans.ts";

/** Returns the value that the patch at `start` makes where there is none, and the index after that patch. */
export function withoutNulls(text: string, start: number): { readonly text: string; readonly end: number } {
  const parts: string[] = [];
  const end = copy(text, start, parts);
  return { text: parts.join(""), end };
}

function copy(text: string, start: number, parts: string[]): number {
  if (typeAt(text, start) !== "object") {
    const end = valueEnd(text, start);
    parts.push(text.slice(start, end));
    return end;
  }
  let separator = "{";
  let at = start + 1;
  while (!isClosed(text, at)) {
    const member = keyAt(text, at);
    if (typeAt(text, member.start) === "null") {
      at = behind(text, valueEnd(text, member.start));
      continue;
    }
    parts.push(`${separator}"${member.key}":`);
    separator = ",";
    at = behind(text, copy(text, member.start, parts));
  }
  parts.push(separator === "{" ? "{}" : "}");
  return at + 1;
}
