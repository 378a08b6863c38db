// Starts a Python process with the shim. Its options go through standard input: nobody else can read the token there.
import { spawn, type ChildProcess } from "node:child_process";
import { PythonStartError } from "./errors.ts";
import type { PythonInterpreter } from "./interpreter.ts";
import type { PythonSettings } from "./options.ts";
import { ANSWER_BYTES, type Rendezvous } from "./rendezvous.ts";
import { shimPath } from "./shim-path.ts";

/** Bytes of stack that each thread may have, which count as private memory. */
const THREAD_BYTES = 8_388_608;

/** What tells processes apart. */
export interface LaunchRole {
  readonly process: number;
  readonly isTemplate: boolean;
  readonly hasInner: boolean;
}

/** Who hears of the process. */
export interface LaunchListener {
  output(stream: "stdout" | "stderr", text: string): void;
  /** It has ended and its output is complete (or it was never started). */
  ended(reason: string): void;
}

/**
 * Starts a process.
 *
 * @param settings - of the guest
 * @param interpreter - which Python
 * @param rendezvous - where it connects
 * @param role - which one it is
 * @param listener - hears of output and end
 * @returns the process; it connects by itself
 */
export function launch(
  settings: PythonSettings,
  interpreter: PythonInterpreter,
  rendezvous: Rendezvous,
  role: LaunchRole,
  listener: LaunchListener,
): ChildProcess {
  const environment: Record<string, string | undefined> = { ...process.env, ...settings.environment };
  if (interpreter.environment !== null) environment["VIRTUAL_ENV"] = interpreter.environment;
  const child = spawn(interpreter.path, [shimPath()], {
    cwd: settings.directory,
    env: environment,
    stdio: ["pipe", "pipe", "pipe"],
    // A session of its own: Ctrl-C in the terminal is for us, and we tell it when to stop.
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null)
    throw new PythonStartError(`Could not start "${interpreter.path}"`);
  stdin.on("error", () => {});
  stdin.end(JSON.stringify(shimOptions(settings, rendezvous, role)));
  stdout.setEncoding("utf8").on("data", (text: string) => listener.output("stdout", text));
  stderr.setEncoding("utf8").on("data", (text: string) => listener.output("stderr", text));
  child.once("error", (error) => listener.ended(`could not be started: ${error.message}`));
  // `exit` comes before the last output, `close` may never come when a grandchild keeps the pipe open.
  let isReported = false;
  const report = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (isReported) return;
    isReported = true;
    listener.ended(signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`);
  };
  child.once("exit", (code, signal) => setTimeout(report, 300, code, signal));
  child.once("close", report);
  return child;
}

function shimOptions(settings: PythonSettings, rendezvous: Rendezvous, role: LaunchRole): Record<string, unknown> {
  const { memoryLimitBytes } = settings;
  return {
    socket: rendezvous.socketPath,
    status: rendezvous.statusPath,
    slots: rendezvous.slots,
    answerBytes: ANSWER_BYTES,
    token: rendezvous.token,
    process: role.process,
    threads: settings.threads,
    multiprocess: settings.isMultiprocess,
    preload: role.isTemplate,
    app: role.hasInner ? null : settings.target,
    filters: settings.filters ?? [],
    pythonPath: settings.pythonPath ?? [],
    workerClass: settings.workerClass,
    ...(settings.user === undefined ? {} : { user: settings.user }),
    ...(settings.group === undefined ? {} : { group: settings.group }),
    ...(memoryLimitBytes === undefined
      ? {}
      : { memoryLimitBytes: memoryLimitBytes + (settings.threads + 2) * THREAD_BYTES }),
  };
}
