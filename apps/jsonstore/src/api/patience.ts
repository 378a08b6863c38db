// Whether anybody still waits for a change. A client that has left, or was told 504 because laying out a large value took longer than a
// request may, does not know what has become of it; so nothing is changed any more, and a 504 means just that.
import type { WSGIEnvironment } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import type { Write } from "../storage/change-tree.ts";
import type { Store } from "../storage/store.ts";
import type { Work } from "../storage/work.ts";

/** Milliseconds within which nobody is taken to have left: to ask costs an AbortController. */
const SURE = 200;

/** The patience of one client. */
export class Patience {
  readonly #environ: WSGIEnvironment;
  readonly #since = performance.now();

  constructor(environ: WSGIEnvironment) {
    this.#environ = environ;
  }

  /** @throws Problem when nobody waits any more */
  check(): void {
    if (performance.now() - this.#since < SURE) return;
    const signal = this.#environ["tsgi.signal"];
    if (signal?.aborted === true) throw notAwaited(signal.reason);
  }

  /** Runs a write, and undoes it when nobody waits any more. */
  async write<T>(store: Store, work: (write: Write) => Work<T>): Promise<T> {
    return await store.write((write) => this.whileAwaited(work(write)));
  }

  /** Does work as long as somebody waits for it. */
  *whileAwaited<T>(work: Work<T>): Work<T> {
    let step = work.next();
    while (step.done !== true) {
      this.check();
      step = work.next(yield step.value);
    }
    return step.value;
  }
}

/** What ends a change that nobody waits for. No client sees it; those who run the server may. */
function notAwaited(cause: unknown): Problem {
  return new Problem("busy", { detail: "Nobody waits for this change any more; nothing was changed" }, { cause });
}
