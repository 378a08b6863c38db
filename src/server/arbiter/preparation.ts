// What a reload opens before it is decided whether it takes place.

/** Something that is ready to take the place of what is there. */
export interface Preparation {
  /** It takes the place; what was there is given up. */
  commit(): void;
  /** It is given up, and all stays as it was. */
  abort(): void;
}

/**
 * Takes several steps, in order.
 *
 * @returns all of them as one
 * @throws what a step throws; those before it are aborted then
 */
export async function prepareAll(
  steps: readonly (() => Preparation | null | Promise<Preparation | null>)[],
): Promise<Preparation> {
  const done: Preparation[] = [];
  const abort = (): void => {
    for (const preparation of done) preparation.abort();
  };
  try {
    for (const step of steps) {
      const preparation = await step();
      if (preparation !== null) done.push(preparation);
    }
  } catch (error) {
    abort();
    throw error;
  }
  return {
    abort,
    commit() {
      for (const preparation of done) preparation.commit();
    },
  };
}
