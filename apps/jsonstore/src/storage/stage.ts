// A large value is laid out before it becomes a part of the document: in slices, each in a transaction of its own, so that others go on
// writing. A crash leaves rows behind that the sweeper finds by their staging.
import { Problem } from "../problem.ts";
import { build, type Layout } from "./build.ts";
import type { Write } from "./change-tree.ts";
import { referredId } from "./rows.ts";
import type { Staged, StageOptions, Store } from "./store.ts";
import { oneRow, row, run, type Work } from "./work.ts";

/** Milliseconds of work in one transaction, where nothing else can be done meanwhile. */
const SLICE = 8;

/**
 * Lays a text out.
 *
 * @param store - runs each slice
 */
export async function stageText(
  text: string,
  layout: Layout,
  store: Pick<Store, "write">,
  { onProgress }: StageOptions = {},
  slice = SLICE,
): Promise<Staged> {
  const { id } = await store.write(() => oneRow<{ readonly id: number }>("addStaging", Date.now()));
  try {
    return { value: await layOut(text, layout, id, store, onProgress, slice), staging: id };
  } catch (error) {
    // What is there of it is old at once, for the sweeper; where even that cannot be written, it becomes old by itself.
    await store.write(() => run("keepStaging", 0, id)).catch(() => {});
    throw error;
  }
}

/** @returns what a row holds for the text */
async function layOut(
  text: string,
  layout: Layout,
  staging: number,
  store: Pick<Store, "write">,
  onProgress: ((part: number) => void) | undefined,
  slice: number,
): Promise<string> {
  const place = { at: 0 };
  const building = build(text, layout, { version: 0, staging }, place);
  let answer: unknown;
  for (;;) {
    const laying = function* laying(): Work<string | null> {
      const endsAt = performance.now() + slice;
      yield* run("keepStaging", Date.now(), staging);
      do {
        const step = building.next(answer);
        if (step.done === true) return step.value;
        answer = yield step.value;
      } while (performance.now() < endsAt);
      return null;
    };
    const value = await store.write(laying, { isRepeatable: false });
    onProgress?.(place.at / text.length);
    if (value !== null) return value;
  }
}

/**
 * Runs the write that links a staged value, and gives the value back if that fails.
 *
 * @param work - puts the value where it belongs
 */
export async function linkStaged<T>(
  store: Pick<Store, "write">,
  staged: Staged,
  work: (write: Write) => Work<T>,
): Promise<T> {
  try {
    return await store.write(function* linking(write): Work<T> {
      yield* adopt(write, staged);
      return yield* work(write);
    });
  } catch (error) {
    // The first error is what is told; where nothing can be written, the value becomes old by itself.
    await store.write(() => abandon(staged)).catch(() => {});
    throw error;
  }
}

/**
 * Makes a staged value a part of the document's history: its rows belong to the write that links them.
 *
 * @throws Problem when the sweeper has them: the process may have been asleep
 */
function* adopt({ seq }: Write, { value, staging }: Staged): Work<void> {
  if (!(yield* take(staging))) throw new Problem("busy", { detail: "The value has waited for too long" });
  const id = referredId(value);
  if (id !== null) yield* run("touchContainer", seq, id);
}

/** Gives a staged value back. One that was adopted stays: who lost the connection during the commit cannot know that it was. */
function* abandon({ value, staging }: Staged): Work<void> {
  const id = referredId(value);
  if ((yield* take(staging)) && id !== null) yield* run("addOrphan", id);
}

/** @returns whether it was there */
function* take(staging: number): Work<boolean> {
  return (yield* row<{ readonly id: number }>("dropStaging", staging)) !== undefined;
}
