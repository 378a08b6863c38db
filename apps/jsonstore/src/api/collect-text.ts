// The text of a node in one piece, while it is not too long.
import { writeText } from "../storage/document.ts";
import type { Found } from "../storage/locate.ts";
import type { Work } from "../storage/work.ts";

/** Reads a node; null when its text has more characters than that. */
export function* collectText(node: Found, most: number): Work<string | null> {
  const pieces: string[] = [];
  let length = 0;
  const steps = writeText(node, (piece) => {
    pieces.push(piece);
    length += piece.length;
  });
  let step = steps.next();
  while (step.done !== true) {
    if (length > most) return null;
    step = steps.next(yield step.value);
  }
  if (length > most) return null;
  return pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
}
