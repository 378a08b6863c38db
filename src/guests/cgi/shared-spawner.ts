// One spawner for all CGI programs of a worker, however many applications they are. It is started with the first of them, when the worker
// is small, and again when it has died.
import { Spawner, type SpawnerLanguage, spawnerLanguages } from "./spawner.ts";

/** One that dies at once is not started more often, in milliseconds. */
const RESTART_MILLISECONDS = 1000;

let shared: SharedSpawner | null = null;

/** Takes part in the spawner of this process, and starts it if there is none. */
export function shareSpawner(): SharedSpawner {
  shared ??= new SharedSpawner(spawnerLanguages());
  shared.users += 1;
  return shared;
}

/** The spawner of this process. */
export class SharedSpawner {
  users = 0;
  #language: SpawnerLanguage;
  readonly #others: SpawnerLanguage[];
  #spawner: Spawner;
  #startedAt = performance.now();

  /** @param languages - each takes over where the one before it does not come up */
  constructor([first = "node", ...others]: readonly SpawnerLanguage[]) {
    this.#language = first;
    this.#others = others;
    this.#spawner = Spawner.start(first);
  }

  /** The one to be used now. */
  get current(): Spawner {
    const now = performance.now();
    if (this.#spawner.isOver && now - this.#startedAt >= RESTART_MILLISECONDS) {
      if (!this.#spawner.hasWorked) this.#language = this.#others.shift() ?? this.#language;
      this.#startedAt = now;
      this.#spawner = Spawner.start(this.#language);
    }
    return this.#spawner;
  }

  /** One user less; with the last the spawner ends, and all its programs. */
  async leave(): Promise<void> {
    this.users -= 1;
    if (this.users > 0) return;
    if (shared === this) shared = null;
    await this.#spawner.close();
  }
}
