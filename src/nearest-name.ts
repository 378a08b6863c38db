// Finds the valid name that a mistyped one probably meant. Source: Damerau–Levenshtein distance (optimal string alignment).

/**
 * Picks the candidate nearest to a mistyped name.
 *
 * @returns the candidate, or undefined when none is near (more than a third of the letters differ)
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const distance = candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(name, candidate, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `; did you mean "x"` when a candidate is near, otherwise nothing; to be put after an error. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; did you mean "${nearest}"`;
}

/** As {@link didYouMean}, but a short list of candidates is named in full when none is near. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const nearest = didYouMean(name, candidates);
  if (nearest !== "" || candidates.length === 0 || candidates.length > 12) return nearest;
  return `; expected one of ${candidates.map((candidate) => `"${candidate}"`).join(", ")}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other; gives up at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (isSwap) cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? limit;
}
