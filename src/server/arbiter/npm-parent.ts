// Ends the server with the npm that started it. `npx tsgi` and `npm start` put a shell between themselves and the server. Who ends npm
// by a signal ends that shell, which passes nothing on (npm's promise-spawn starts `sh -c`; dash and bash die of SIGTERM at once), and the
// server would be left behind with the port. Seen from here the parent process has changed.
import type { ArbiterControl, ArbiterService } from "../control/arbiter-control.ts";

const CHECK_MILLISECONDS = 250;
/** As early as this module is loaded: npm may end while the application boots. */
const parentAtStart = process.ppid;

/** Whether npm, or another package manager that sets its variables, runs this command and waits for it. */
export function isRunByNpm(env: NodeJS.ProcessEnv = process.env): boolean {
  return env["npm_command"] !== undefined || env["npm_lifecycle_event"] !== undefined;
}

/** Stops the server gracefully when its parent process has gone. */
export class NpmParent implements ArbiterService {
  readonly #parent: number;
  readonly #parentNow: () => number;
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param parent - process id of the parent at the start
   * @param parentNow - gives that of now
   */
  constructor(parent = parentAtStart, parentNow = () => process.ppid) {
    this.#parent = parent;
    this.#parentNow = parentNow;
  }

  async start(control: ArbiterControl): Promise<void> {
    this.#timer = setInterval(() => this.#check(control), CHECK_MILLISECONDS).unref();
    this.#check(control);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #check(control: ArbiterControl): void {
    if (this.#parentNow() === this.#parent) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    // A terminal signals both: a second request to stop would cut off requests in progress.
    if (!control.snapshot().isStopping) control.stop("graceful", "npm-ended");
  }
}
