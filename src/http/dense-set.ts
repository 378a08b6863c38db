// A set for members that come and go quickly, such as requests and connections.
// Why not a Set: V8's hash tables are replaced as they fill, and each spent table points to the next. Once one of them has grown old,
// it keeps alive its successors, and all that was ever in them, until the next full collection: at tens of thousands of requests a
// second every young collection then copies megabytes. Here a member knows its place in one array, and leaves nothing behind.

/** Something that can be in one {@link DenseSet}. */
export interface DenseMember {
  /** Its place in the set; -1 outside. Owned by the set. */
  place: number;
}

/** A set without order. */
export class DenseSet<T extends DenseMember> {
  readonly #members: T[] = [];

  /** How many are in it. */
  get size(): number {
    return this.#members.length;
  }

  /** Takes in what is in no set. */
  add(member: T): void {
    if (member.place !== -1) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Lets go of a member; the last one takes its place. */
  delete(member: T): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop() as T; // there is at least this member
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
  }

  /** The first member that fulfils a condition; the condition must leave the set alone. */
  find(condition: (member: T) => boolean): T | undefined {
    return this.#members.find(condition);
  }

  /** Visits each member that stays; the visit may delete any, and what it adds is not visited. */
  forEach(visit: (member: T) => void): void {
    for (let at = this.#members.length - 1; at >= 0; at -= 1) {
      const member = this.#members[at];
      if (member !== undefined) visit(member);
    }
  }
}
