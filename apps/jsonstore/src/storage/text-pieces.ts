// The text of a node in pieces that are worth sending, for snapshots of all databases.
import { PieceBuffer } from "./piece-buffer.ts";
import type { Call, Work } from "./work.ts";

/**
 * Runs some work as far as its pieces are asked for.
 *
 * @param work - emits small pieces
 * @param answer - runs one of its statements
 * @param isClosed - whether nobody wants any more
 */
export async function* textPieces(
  work: (emit: (piece: string) => void) => Work<void>,
  answer: (call: Call) => unknown,
  isClosed: () => boolean,
): AsyncGenerator<string, void> {
  const buffer = new PieceBuffer();
  const steps = work((piece) => buffer.add(piece));
  let step = steps.next();
  for (;;) {
    while (step.done !== true && !buffer.isFull && !isClosed()) {
      const row = answer(step.value);
      step = steps.next(row instanceof Promise ? await row : row);
    }
    if (isClosed()) return;
    const text = buffer.take();
    if (text !== "") yield text;
    if (step.done === true) return;
  }
}
