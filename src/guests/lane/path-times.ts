// Remembers which paths of an application are slow, so that they cannot take every lane away from fast requests.
import { ownText } from "../../http/own-text.ts";
import { nextPathTime, SLOW_PATH_MILLISECONDS } from "./policy.ts";

/** Maximum number of remembered paths; beyond that, all are forgotten. */
const MAX_PATHS = 1000;

/** Recent response times by path. Fast paths are not stored. */
export class PathTimes {
  readonly #times = new Map<string, number>();

  /**
   * Whether requests for this path are expected to be slow.
   *
   * @param path - PATH_INFO
   */
  isSlow(path: string): boolean {
    return this.#times.size > 0 && (this.#times.get(path) ?? 0) >= SLOW_PATH_MILLISECONDS;
  }

  /**
   * Learns from a request.
   *
   * @param path - PATH_INFO
   * @param milliseconds - its response time
   */
  observe(path: string, milliseconds: number): void {
    const known = this.#times.get(path);
    if (known === undefined) {
      if (milliseconds < SLOW_PATH_MILLISECONDS) return;
      if (this.#times.size >= MAX_PATHS) this.#times.clear();
      this.#times.set(ownText(path), milliseconds);
      return;
    }
    const next = nextPathTime(known, milliseconds);
    if (next < SLOW_PATH_MILLISECONDS) this.#times.delete(path);
    else this.#times.set(path, next);
  }
}
