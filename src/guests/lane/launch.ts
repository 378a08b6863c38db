// Starts a guest process. Its options are sent through standard input, where nobody else can read the token.
import { spawn, type ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { endGroup } from "./end-group.ts";
import { GuestStartError } from "./errors.ts";
import { spawnIdentity, type GuestSettings } from "./guest-options.ts";
import type { GuestLanguage, LaunchRole } from "./language.ts";
import type { Rendezvous } from "./rendezvous.ts";

/** Maximum stack size of each thread in bytes; it counts as private memory. */
const THREAD_BYTES = 8_388_608;

/** Receives the events of the process. */
export interface LaunchListener {
  /** Its output, and null at the end of the output; only if somebody wants it. */
  printed(stream: "stdout" | "stderr", text: string | null): void;
  /** Text from its descriptor 3: stack dumps, written on a crash or on request. */
  reported(text: string): void;
  /** It has exited and its output is complete (or it was never started). */
  ended(reason: string): void;
}

/**
 * Starts a process.
 *
 * @param settings - of the guest
 * @param language - what is run
 * @param rendezvous - where it connects
 * @param role - which one it is
 * @param listener - hears of output and end
 * @returns the process; it connects by itself
 */
export function launch(
  settings: GuestSettings,
  language: GuestLanguage,
  rendezvous: Rendezvous,
  role: LaunchRole,
  listener: LaunchListener,
): ChildProcess {
  const command = language.command({ ...process.env, ...settings.environment });
  const printed = settings.output === undefined ? "inherit" : "pipe";
  const child = spawn(command.path, command.arguments, {
    cwd: settings.directory,
    env: command.environment,
    // From the first instruction: the interpreter, its imports and this package may belong to the application.
    ...spawnIdentity(settings),
    // The last one is descriptor 3, for reports.
    stdio: ["pipe", printed, printed, "pipe"],
    // Its own session: Ctrl-C in the terminal goes to us, and we tell it when to stop.
    detached: true,
  });
  child.once("error", (error) => listener.ended(`could not be started: ${error.message}`));
  // If no descriptors are free, Node creates no pipes, although the types say that they exist.
  if (child.pid === undefined) return child;
  const { stdin, stdout, stderr } = child;
  const report = child.stdio[3];
  if (stdin === null || !(report instanceof Readable))
    throw new GuestStartError(language.name, `Could not start "${command.path}"`);
  stdin.on("error", () => {});
  stdin.end(JSON.stringify({ ...commonOptions(settings, rendezvous, role), language: language.launchOptions(role) }));
  for (const [name, stream] of [
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const) {
    stream?.setEncoding("utf8").on("data", (text: string) => listener.printed(name, text));
    stream?.once("end", () => listener.printed(name, null));
  }
  report.setEncoding("utf8").on("data", (text: string) => listener.reported(text));
  // `exit` comes before the last output, and `close` may never come if a grandchild keeps the pipe open.
  let hasEnded = false;
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (hasEnded) return;
    hasEnded = true;
    const reason = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
    // The processes that a program started end with it; background jobs of an application keep running.
    if (child.pid === undefined || !language.isProgram) listener.ended(reason);
    else void endGroup(child.pid).then(() => listener.ended(reason));
  };
  child.once("exit", (code, signal) => setTimeout(end, 300, code, signal));
  child.once("close", end);
  return child;
}

/** Launch options for guests of all languages. */
function commonOptions(settings: GuestSettings, rendezvous: Rendezvous, role: LaunchRole): Record<string, unknown> {
  const { threads, memoryLimitBytes } = settings;
  return {
    socket: rendezvous.socketPath,
    status: rendezvous.statusPath,
    slots: rendezvous.slots,
    answerBytes: rendezvous.answerBytes,
    token: rendezvous.token,
    process: role.process,
    threads,
    multiprocess: settings.isMultiprocess,
    preload: role.isTemplate,
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes: memoryLimitBytes + (threads + 2) * THREAD_BYTES }),
  };
}
