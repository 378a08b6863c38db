// A large value is laid out before it becomes a part of the document: in slices, each in a transaction of its own, so that others go on
// writing. A crash leaves rows behind that the sweeper finds by their staging.
import { build, type Layout } from "./build.ts";
import type { Write } from "./change-tree.ts";
import { referredId } from "./rows.ts";
import type { Staged } from "./store.ts";
import { oneRow, run, type Work } from "./work.ts";

/** Milliseconds of work in one transaction, where nothing else can be done meanwhile. */
const SLICE = 8;

/**
 * Lays a text out.
 *
 * @param write - runs each slice
 * @param onProgress - is told after each of them how much is laid out, from 0 to 1
 */
export async function stageText(
  text: string,
  layout: Layout,
  write: <T>(work: (write: Write) => Work<T>) => Promise<T>,
  onProgress?: (part: number) => void,
  slice = SLICE,
): Promise<Staged> {
  const { id } = await write(() => oneRow<{ readonly id: number }>("addStaging", Date.now()));
  const place = { at: 0 };
  const building = build(text, layout, { version: 0, staging: id }, place);
  let answer: unknown;
  for (;;) {
    const value = await write(function* laying(): Work<string | null> {
      const endsAt = performance.now() + slice;
      yield* run("keepStaging", Date.now(), id);
      do {
        const step = building.next(answer);
        if (step.done === true) return step.value;
        answer = yield step.value;
      } while (performance.now() < endsAt);
      return null;
    });
    onProgress?.(place.at / text.length);
    if (value !== null) return { value, staging: id };
  }
}

/** Makes a staged value a part of the document's history: its rows belong to the write that links them. */
export function* adopt({ seq }: Write, { value, staging }: Staged): Work<void> {
  const id = referredId(value);
  if (id !== null) yield* run("touchContainer", seq, id);
  yield* run("dropStaging", staging);
}

/** Gives a staged value back that is not wanted after all. */
export function* abandon({ value, staging }: Staged): Work<void> {
  const id = referredId(value);
  if (id !== null) yield* run("addOrphan", id);
  yield* run("dropStaging", staging);
}
