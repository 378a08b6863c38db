// The rows of the tables.

/** An array or object that has rows of its own. */
export interface ContainerRow {
  readonly id: number;
  readonly kind: "object" | "array";
  readonly count: number;
  /** Of an array: its topmost page; null when it is empty. */
  readonly root: number | null;
  /** Number of the last write in it or below. */
  readonly version: number;
}

export interface MemberRow {
  readonly key: string;
  readonly ord: number;
  readonly value: string;
}

export interface PageRow {
  readonly id: number;
  /** 0 for lines of values; above that lines of page and count. */
  readonly level: number;
  readonly data: string;
}

/**
 * What a write did to one node. `put` and `delete` are about members and whole nodes, `append` adds a last element, `insert` and `remove`
 * move the elements behind.
 */
export type ChangeOp = "put" | "delete" | "append" | "insert" | "remove";

/** Returns the id of the container that a value refers to, or null if it is a text. */
export function referredId(value: string): number | null {
  return value.charCodeAt(0) === 0x40 ? Number(value.slice(1)) : null;
}

/** Returns the value that refers to a container. */
export function reference(id: number): string {
  return `@${id}`;
}

/** An entry of the log of changes. */
export interface ChangeRow {
  readonly seq: number;
  readonly op: ChangeOp;
  /** Canonical pointer. */
  readonly path: string;
  /** Null when it was too long to be kept, and for what is gone. */
  readonly value: string | null;
}
