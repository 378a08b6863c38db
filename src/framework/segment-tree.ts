// Finds what a path may mean by its segments, in a walk over the path that makes no list of them. Source: the tree of segments that routers
// have; rules need no more of it than this.

/** Stands in a shape for a segment with values: no text of a rule has such brackets. */
export const VALUE = "<value>";

/** Stands in a shape for all that follows. */
export const REST = "<rest>";

/** Things by the shapes of paths. */
export class SegmentTree<Value> {
  readonly #root = new Branch<Value>();

  /**
   * Adds a value.
   *
   * @param shape - of paths, from "/": text, {@link VALUE}, and {@link REST} only at its end
   */
  add(shape: string, value: Value): void {
    let branch = this.#root;
    for (const segment of shape === "/" ? [] : shape.slice(1).split("/")) {
      if (segment === REST) {
        branch.rest = value;
        return;
      }
      branch = branch.grow(segment);
    }
    branch.value = value;
  }

  /**
   * Finds the value whose shape says most: text before values, values before the rest, from left to right. A slash at the end of the path does
   * not count.
   *
   * @param path - decoded text, from "/"
   * @returns null when there is none
   */
  first(path: string): Value | null {
    return this.#root.first(path, 1, lengthOf(path));
  }

  /** Finds all values, in no order. @param path - as for {@link SegmentTree.first} */
  all(path: string): Value[] {
    const found: Value[] = [];
    this.#root.collect(path, 1, lengthOf(path), found);
    return found;
  }
}

function lengthOf(path: string): number {
  return path.endsWith("/") ? path.length - 1 : path.length;
}

/** What follows a segment. A place in the path is where the next one begins; behind the last one it is beyond the end. */
class Branch<Value> {
  value: Value | null = null;
  /** Of all that begin here, and of what ends here. */
  rest: Value | null = null;
  readonly #texts = new Map<string, Branch<Value>>();
  #values: Branch<Value> | null = null;

  grow(segment: string): Branch<Value> {
    if (segment === VALUE) return (this.#values ??= new Branch());
    const branch = this.#texts.get(segment) ?? new Branch<Value>();
    this.#texts.set(segment, branch);
    return branch;
  }

  first(path: string, start: number, length: number): Value | null {
    if (start > length) return this.value ?? this.rest;
    const end = endOf(path, start, length);
    const found = this.#texts.get(path.slice(start, end))?.first(path, end + 1, length) ?? null;
    if (found !== null) return found;
    // No value is an empty segment.
    return (end > start ? this.#values?.first(path, end + 1, length) : null) ?? this.rest;
  }

  collect(path: string, start: number, length: number, found: Value[]): void {
    if (this.rest !== null) found.push(this.rest);
    if (start > length) {
      if (this.value !== null) found.push(this.value);
      return;
    }
    const end = endOf(path, start, length);
    this.#texts.get(path.slice(start, end))?.collect(path, end + 1, length, found);
    if (end > start) this.#values?.collect(path, end + 1, length, found);
  }
}

function endOf(path: string, start: number, length: number): number {
  const slash = path.indexOf("/", start);
  return slash === -1 || slash > length ? length : slash;
}
