// Chaos: everything that may happen to a server happens at random, under a load of every kind. Nothing fails but what a killed or stopped
// process had in hand.
import { onTestFinished } from "vitest";
import { Project } from "../cli-command.ts";
import { killIfThere, processesOf } from "../python/processes-of.ts";
import { eventually, PYTHON } from "../python/serve-python.ts";
import { CHAOS_APPLICATION, ChaosLoad, type ChaosFailure } from "./chaos-load.ts";

/** What was seen. */
export interface ChaosReport {
  readonly answers: number;
  /** Failures that no kill explains, and answers that were mixed up. */
  readonly unexplained: readonly string[];
  /** Failures of requests that were in the hands of a process that was killed or stopped. */
  readonly explained: number;
  /** What was done, in order. */
  readonly deeds: readonly string[];
  readonly exitCode: number | null;
  /** The lines of the log about Python processes that ended; those that were not killed are none of ours. */
  readonly ends: readonly string[];
}

/** How long what a kill does may last, in milliseconds: it has to be noticed, or a deadline to be missed. */
const AFTER_KILL_MILLISECONDS = 1500;
const DEADLINE_SECONDS = 3;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Numbers from 0 to 1 that look random, the same for each seed. Source: the generator mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Runs a server under load, and does to it what may be done.
 *
 * @param seed - which deeds, in which order
 * @param deeds - how many
 */
export async function chaos(seed: number, deeds: number): Promise<ChaosReport> {
  const project = new Project({ "app.py": CHAOS_APPLICATION.replace("{version}", "1") });
  const command = project.start(
    ["app.py", "-b", "127.0.0.1:0", "-w", "2", "--python-processes", "2", "--threads", "2", "--python", PYTHON].concat([
      "-t",
      String(DEADLINE_SECONDS),
      "--max-requests",
      "4000",
      "--graceful-timeout",
      "20",
      "-e",
      "PYTHONDONTWRITEBYTECODE=1",
    ]),
  );
  onTestFinished(async () => {
    await command.stop("SIGKILL");
    project.remove();
  });
  const port = await command.port();
  const look = () => processesOf(project.directory, command.pid);
  await eventually(() => look().interpreters.length === 4, "all processes");
  const load = new ChaosLoad(port, 16);
  const random = seeded(seed);
  const done: string[] = [];
  const kills: { at: number; until: number }[] = [];
  let generation = 1;
  const excuse = (milliseconds: number): void => {
    kills.push({ at: performance.now(), until: performance.now() + milliseconds });
  };
  const strike = (kind: "workers" | "interpreters", signal: NodeJS.Signals): void => {
    const candidates = look()[kind];
    const victim = candidates[Math.floor(random() * candidates.length)];
    if (victim === undefined) return;
    excuse(AFTER_KILL_MILLISECONDS + (signal === "SIGSTOP" ? DEADLINE_SECONDS * 2000 : 0));
    killIfThere(victim, signal);
  };
  const reload = async (text: string, message: string): Promise<void> => {
    const before = command.stderr.split(message).length - 1;
    project.write("app.py", text);
    command.signal("SIGHUP");
    await command.saw(message, before + 1);
  };
  const code = (): string => CHAOS_APPLICATION.replace("{version}", String(generation));
  const choices: Record<string, () => void | Promise<void>> = {
    "kill an interpreter": () => strike("interpreters", "SIGKILL"),
    "crash an interpreter": () => strike("interpreters", "SIGSEGV"),
    "stop an interpreter": () => strike("interpreters", "SIGSTOP"),
    "kill a worker": () => strike("workers", "SIGKILL"),
    reload: () => {
      generation += 1;
      return reload(code(), "Reloaded: generation");
    },
    "reload broken code": async () => {
      await reload("def broken(", "Reload failed");
      project.write("app.py", code());
    },
    "one worker more, one less": async () => {
      command.signal("SIGTTIN");
      await pause(2000);
      command.signal("SIGTTOU");
      await pause(500);
    },
    nothing: () => {},
  };
  const names = Object.keys(choices);
  for (let count = 0; count < deeds; count += 1) {
    const name = names[(count + Math.floor(random() * 2) * 3) % names.length] as string; // the index is within
    done.push(name);
    await choices[name]?.();
    await pause(500 + random() * 700);
  }
  const before = load.answers;
  await eventually(() => load.answers > before + 200, "answers as before");
  await load.stop();
  const isExplained = ({ what, begun, ended }: ChaosFailure): boolean =>
    !what.includes("MIXED") && !what.includes("hung") && kills.some(({ at, until }) => begun <= until && ended >= at);
  const unexplained = load.failures.filter((failure) => !isExplained(failure));
  const { code: exitCode } = await command.stop();
  return {
    answers: load.answers,
    unexplained: unexplained.map(({ what }) => what),
    explained: load.failures.length - unexplained.length,
    deeds: done,
    exitCode,
    ends: command.stderr.split("\n").filter((line) => line.includes("Expected a frame") || line.includes("Unhandled")),
  };
}
