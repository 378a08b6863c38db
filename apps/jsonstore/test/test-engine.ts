// Which database the tests of the storage use. Unless a file says otherwise, each store is a file of SQLite in a directory of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "./random.ts";

/** Place of a store that does not exist yet. */
export interface NewPlace {
  readonly url: string;
  /** Removes what is there. */
  remove(): void;
}

/** Finds places for new stores. */
export interface TestEngine {
  newPlace(): NewPlace;
  /** Ends a process of the database that serves a store; there is none where the database is a file. */
  endProcess?(random: Random): Promise<void>;
}

const SQLITE: TestEngine = {
  newPlace() {
    const directory = mkdtempSync(join(tmpdir(), "jsonstore-"));
    return {
      url: `sqlite:${join(directory, "store.db")}`,
      remove: () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};

let current = SQLITE;

/** The engine of this file. */
export function testEngine(): TestEngine {
  return current;
}

/** Makes all tests that follow use another engine. */
export function useEngine(engine: TestEngine): void {
  current = engine;
}
