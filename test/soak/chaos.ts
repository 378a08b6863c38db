// Chaos: everything that may happen to a server happens at random, under a load of every kind. Nothing fails but what a killed or stopped
// process had in hand, and what needs a disk while there is none.
import { onTestFinished } from "vitest";
import { killIfThere } from "../python/processes-of.ts";
import { BROKEN_PROMISE, ChaosLoad, type ChaosFailure } from "./chaos-load.ts";
import { ChaosServer, DEADLINE_SECONDS } from "./chaos-server.ts";

/** What may be done to a server. */
export const DEEDS = [
  "kill an interpreter",
  "crash an interpreter",
  "stop an interpreter",
  "kill a worker",
  "reload",
  "reload broken code",
  "one worker more, one less",
  "upgrade",
  "take an upgrade back",
  "fill the disk",
  "ask for too much memory",
] as const;

/** One of them. */
export type Deed = (typeof DEEDS)[number];

/** What was seen. */
export interface ChaosReport {
  readonly answers: number;
  /** Failures that nothing explains, and answers that were mixed up. */
  readonly unexplained: readonly string[];
  /** Failures of requests that were in the hands of a process that was killed or stopped, or wanted a full disk. */
  readonly explained: number;
  readonly exitCode: number | null;
  /** The lines of the log that say what a server ought not to say. */
  readonly complaints: readonly string[];
}

/** A time in which something may fail. */
interface Excuse {
  readonly at: number;
  readonly until: number;
  excuses(what: string): boolean;
}

/** How long what a kill does may last, in milliseconds: it has to be noticed, or a deadline to be missed. */
const AFTER_KILL_MILLISECONDS = 1500;
/** What no excuse is good for. */
const NEVER = /MIXED UP|hung/;
/** An upload that is kept in a file, or a file that the application makes: one clear error. */
const NEEDS_DISK = / \/(?:hash|file): 500$/;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Runs a server under load, and does to it what may be done.
 *
 * @param random - says which process is struck, and how long each deed is left to itself
 * @param deeds - what is done, in order
 */
export async function chaos(random: () => number, deeds: readonly Deed[]): Promise<ChaosReport> {
  const server = new ChaosServer();
  onTestFinished(() => server.remove());
  const load = new ChaosLoad(await server.port(), 16);
  const excuses: Excuse[] = [];
  const strike = (kind: "workers" | "interpreters", signal: NodeJS.Signals): void => {
    const candidates = server.processes[kind];
    const victim = candidates[Math.floor(random() * candidates.length)];
    if (victim === undefined) return;
    const at = performance.now();
    const lasts = AFTER_KILL_MILLISECONDS + (signal === "SIGSTOP" ? DEADLINE_SECONDS * 2000 : 0);
    // A connection is a worker's: without its Python, its requests get errors, but it is not cut between them.
    const excuse = (what: string): boolean => kind === "workers" || !what.includes(BROKEN_PROMISE);
    excuses.push({ at, until: at + lasts, excuses: excuse });
    killIfThere(victim, signal);
  };
  const fillDisk = async (): Promise<void> => {
    if (!server.hasOwnDisk) return;
    const at = performance.now();
    await server.withFullDisk(() => load.moreOf(NEEDS_DISK));
    excuses.push({ at, until: performance.now(), excuses: (what) => NEEDS_DISK.test(what) });
  };
  const askTooMuch = async (): Promise<void> => {
    const status = await load.askTooMuch();
    if (status !== 500) throw new Error(`A request for too much memory got ${status}`);
  };
  const doing: Record<Deed, () => void | Promise<void>> = {
    "kill an interpreter": () => strike("interpreters", "SIGKILL"),
    "crash an interpreter": () => strike("interpreters", "SIGSEGV"),
    "stop an interpreter": () => strike("interpreters", "SIGSTOP"),
    "kill a worker": () => strike("workers", "SIGKILL"),
    reload: () => server.reload(),
    "reload broken code": () => server.reloadBroken(),
    "one worker more, one less": () => server.scale(),
    upgrade: () => server.upgrade(false),
    "take an upgrade back": () => server.upgrade(true),
    "fill the disk": fillDisk,
    "ask for too much memory": askTooMuch,
  };
  for (const deed of deeds) {
    await doing[deed]();
    await pause(300 + random() * 700);
  }
  await load.moreAnswers(200);
  await load.stop();
  const isExplained = ({ what, begun, ended }: ChaosFailure): boolean =>
    !NEVER.test(what) && excuses.some((each) => begun <= each.until && ended >= each.at && each.excuses(what));
  const unexplained = load.failures.filter((failure) => !isExplained(failure)).map(({ what }) => what);
  const exitCode = await server.stop();
  return {
    answers: load.answers,
    unexplained,
    explained: load.failures.length - unexplained.length,
    exitCode,
    complaints: [...server.linesWith("Expected a frame"), ...server.linesWith("Unhandled")],
  };
}
