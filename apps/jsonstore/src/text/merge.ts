// What a merge patch makes of nothing: the members that are null are left out, at every level. Source: RFC 7396 section 2.
import { membersOf, typeAt, valueEnd } from "./spans.ts";

/** Returns the value that the patch at `start` makes where there is none. */
export function withoutNulls(text: string, start: number): string {
  if (typeAt(text, start) !== "object") return text.slice(start, valueEnd(text, start));
  const members: string[] = [];
  for (const member of membersOf(text, start)) {
    if (typeAt(text, member.start) !== "null") members.push(`"${member.key}":${withoutNulls(text, member.start)}`);
  }
  return `{${members.join(",")}}`;
}
