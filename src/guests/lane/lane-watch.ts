// Watches the batches of guests that have no thread for it: what such a guest has finished is taken from the status file, and what it has
// not started is taken back, when one request takes long. Source: docs/lane-protocol.md, "Batches".
import { keptAnswers } from "./kept-answers.ts";
import type { Lane } from "./lane.ts";
import { SOLE_LANE_WATCH_MILLISECONDS, WATCH_MILLISECONDS } from "./policy.ts";
import type { StatusFile } from "./salvage.ts";

/** How long it goes on when no lane has several requests, in ticks. */
const QUIET_TICKS = 50;

/** The status file of running processes. */
export interface LiveStatusFile extends StatusFile {
  /** Tells a lane to start none of the requests up to this one any more; 0 takes that back. */
  recall(slot: number, id: number): void;
}

interface Observation {
  /** The request that the guest had started at the last tick. */
  started: number;
  /** It was told at the last tick to start no more. */
  isRecalled: boolean;
}

/** Looks after all lanes of a pool, while there are any with several requests. */
export class LaneWatch {
  readonly #status: LiveStatusFile;
  readonly #lanes: () => Iterable<Lane>;
  readonly #seen = new WeakMap<Lane, Observation>();
  #ticker: NodeJS.Timeout | null = null;
  #quiet = 0;

  /**
   * @param status - what the lanes write while they work
   * @param lanes - the lanes that there are now
   */
  constructor(status: LiveStatusFile, lanes: () => Iterable<Lane>) {
    this.#status = status;
    this.#lanes = lanes;
  }

  /** A lane has got several requests. */
  wake(): void {
    this.#quiet = 0;
    if (this.#ticker !== null) return;
    const isSole = [...this.#lanes()].length === 1;
    // Timers run before sockets are read: a response that has arrived is read first.
    this.#ticker = setInterval(
      () => setImmediate(() => this.tick()),
      isSole ? SOLE_LANE_WATCH_MILLISECONDS : WATCH_MILLISECONDS,
    );
    this.#ticker.unref();
  }

  /** Stops at once. */
  stop(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
  }

  /** Looks at each lane once. A request is slow when it is still there at the next tick. */
  tick(): void {
    if (this.#ticker === null) return;
    this.#quiet += 1;
    for (const lane of this.#lanes()) {
      if (!lane.isWatchedHere || lane.isLost) continue;
      const seen = this.#seen.get(lane);
      if (lane.outstanding > 1 || seen?.isRecalled === true) {
        this.#quiet = 0;
        this.#seen.set(lane, this.#look(lane, seen));
      } else if (seen !== undefined) {
        seen.started = -1;
      }
    }
    if (this.#quiet > QUIET_TICKS) this.stop();
  }

  #look(lane: Lane, seen: Observation | undefined): Observation {
    const { slot } = lane;
    const started = this.#status.started(slot);
    if (seen?.isRecalled === true) {
      // A tick later the guest's stores can be seen, too, whatever its processor did with them: what it starts now, it drops.
      // Unless it has noticed already, and is free for others.
      if (lane.isHeld) {
        lane.takeBack(started);
        if (!lane.isHeld) this.#status.recall(slot, 0);
      }
      return { started, isRecalled: false };
    }
    if (started !== seen?.started) return { started, isRecalled: false };
    const answers = keptAnswers(this.#status.kept(slot));
    // Otherwise it may have been writing where we were reading.
    if (this.#status.started(slot) === started) lane.collect(answers, performance.now());
    if (lane.outstanding < 2 || lane.isHeld) return { started, isRecalled: false };
    const last = lane.unanswered.at(-1)?.id ?? 0;
    this.#status.recall(slot, last);
    lane.isHeld = true;
    return { started, isRecalled: true };
  }
}
