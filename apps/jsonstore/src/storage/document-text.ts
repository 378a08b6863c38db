// The whole document as a stream of its text.
import { copyText } from "./copy-text.ts";
import { ROOT_CONTAINER, ROOT_KEY } from "./statements.ts";
import type { Store } from "./store.ts";
import { row, type Work } from "./work.ts";

/** Gives the text of the document in pieces, as it is at one moment; nothing when there is none. */
export async function* documentText(store: Store): AsyncGenerator<string, void> {
  const snapshot = await store.snapshot();
  try {
    yield* snapshot.pieces(function* whole(emit): Work<void> {
      const root = yield* row<{ readonly value: string }>("getMember", ROOT_CONTAINER, ROOT_KEY);
      if (root !== undefined) yield* copyText(root.value, emit);
    });
  } finally {
    await snapshot.close();
  }
}
