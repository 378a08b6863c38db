// How a store is served.
import type { Store } from "../storage/store.ts";
import type { Feed } from "./feed.ts";
import type { TextLimits } from "../text/compact.ts";

/** What the API is made of. */
export interface ApiSettings {
  readonly store: Store;
  readonly isReadOnly: boolean;
  /** Whether every change must have a condition. */
  readonly isMatchRequired: boolean;
  /** Bytes of a body. */
  readonly maxBody: number;
  readonly text: TextLimits;
  readonly maxOperations: number;
  /** Tells those who watch. */
  readonly feed: Feed;
  /** Fires when the process is about to end: streams without an end must end by themselves. */
  readonly stopping: AbortSignal;
  /** Files of the page, by name. */
  readonly page: Page;
}

/** The page for browsers. */
export interface Page {
  readonly files: ReadonlyMap<string, PageFile>;
}

/** One file of it. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** Hash of the bytes. */
  readonly tag: string;
}
