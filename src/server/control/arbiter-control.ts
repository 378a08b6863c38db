// What the arbiter offers to those who watch and steer it: the stats server, the control socket, StatsD.
import type { RequestInHand } from "../channel/messages.ts";
import type { ArbiterSnapshot, ReloadOutcome } from "../metrics/arbiter-snapshot.ts";

/** The requests that workers are working on. */
export interface RequestsSnapshot {
  /** Oldest first. `worker` is the number of the worker, `pid` its process. */
  readonly requests: readonly (RequestInHand & { readonly worker: number; readonly pid: number })[];
  /** How many more there are. */
  readonly leftOut: number;
  /** Workers that did not answer, because they are computing or stopped: their requests are not known. */
  readonly silentWorkers: readonly number[];
}

/** How to reload. */
export interface ReloadRequest {
  /** Give up a reload that is under way, unless its workers serve already: its code is known to be outdated. @default false */
  readonly isSuperseding?: boolean;
}

/** What may be asked of the arbiter. */
export interface ArbiterControl {
  snapshot(): ArbiterSnapshot;
  /** Asks all workers for fresh heartbeats and waits for them, at most `maxSeconds`. */
  refresh(maxSeconds?: number): Promise<void>;
  /** Asks all workers for their requests, and waits for the replies, at most `maxSeconds`. */
  requests(maxSeconds?: number): Promise<RequestsSnapshot>;
  /** Reloads as HUP does; a call during a reload waits for one more. */
  reload(options?: ReloadRequest): Promise<ReloadOutcome>;
  /** @returns the number of workers wanted from now on */
  addWorkers(count: number): number;
  removeWorkers(count: number): number;
  /** Ends one worker at once (SIGKILL); it is replaced. @returns false when no worker has this id of a process */
  killWorker(pid: number): boolean;
  reopenLogs(): void;
  /** @param name - what asks for it, for the log */
  stop(kind: "graceful" | "quick", name?: string): void;
}

/** Something that runs beside the arbiter: it is started once the listeners are open, and closed when the server has ended. */
export interface ArbiterService {
  /** For the log, once it has started. */
  readonly announcement?: string;
  /** Opens what it needs. Another one of its kind may still run. */
  start(control: ArbiterControl): Promise<void>;
  /** From now on it is the only one of its kind. @param isLate - the server runs already: what was before is not its affair */
  begin?(isLate: boolean): void;
  close(): Promise<void>;
}
