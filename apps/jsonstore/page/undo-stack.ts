// What can be taken back, newest first. It has a limit, because deleted texts are kept in it.
import { Conflict, type Written } from "./document-editing.ts";

/** A change that can be taken back. */
interface Entry {
  readonly label: string;
  readonly undo: () => Promise<Written>;
  readonly kept: number;
}

/** Changes of this page. */
export class UndoStack {
  readonly #entries: Entry[] = [];
  readonly #mostEntries: number;
  readonly #mostCharacters: number;

  constructor(mostEntries = 100, mostCharacters = 32 * 1024 * 1024) {
    this.#mostEntries = mostEntries;
    this.#mostCharacters = mostCharacters;
  }

  /** What would be taken back next. */
  get label(): string | null {
    return this.#entries.at(-1)?.label ?? null;
  }

  /** What can be taken back, oldest first. */
  get labels(): readonly string[] {
    return this.#entries.map(({ label }) => label);
  }

  push(label: string, { undo, kept }: Written): void {
    if (undo === null) return;
    this.#entries.push({ label, undo, kept });
    let all = this.#entries.reduce((sum, entry) => sum + entry.kept, 0);
    while (this.#entries.length > this.#mostEntries || (all > this.#mostCharacters && this.#entries.length > 1)) {
      all -= this.#entries.shift()?.kept ?? 0;
    }
  }

  /**
   * Takes the newest change back. It stays among them if that fails.
   *
   * @throws Conflict and what else a change may throw
   */
  async undo(): Promise<Written | null> {
    const entry = this.#entries.at(-1);
    if (entry === undefined) return null;
    try {
      const written = await entry.undo();
      this.#drop(entry);
      return written;
    } catch (error) {
      // Whoever insists, does so from there.
      if (error instanceof Conflict) this.#drop(entry);
      throw error;
    }
  }

  #drop(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    if (index >= 0) this.#entries.splice(index, 1);
  }
}
