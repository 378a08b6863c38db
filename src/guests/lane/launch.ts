// Starts a process of a guest. Its options go through standard input: nobody else can read the token there.
import { spawn, type ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { endGroup } from "./end-group.ts";
import { GuestStartError } from "./errors.ts";
import { spawnIdentity, type GuestSettings } from "./guest-options.ts";
import type { GuestLanguage, LaunchRole } from "./language.ts";
import type { Rendezvous } from "./rendezvous.ts";

/** Bytes of stack that each thread may have, which count as private memory. */
const THREAD_BYTES = 8_388_608;

/** Who hears of the process. */
export interface LaunchListener {
  /** What it has printed, and null when it cannot print any more; only where somebody wants it. */
  printed(stream: "stdout" | "stderr", text: string | null): void;
  /** What it writes to its descriptor 3: the stacks of a process that crashes, or that was asked for them. */
  reported(text: string): void;
  /** It has ended and its output is complete (or it was never started). */
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
    // From its first instruction: the interpreter, what it imports and this package may be the application's own.
    ...spawnIdentity(settings),
    // The last is descriptor 3, for reports.
    stdio: ["pipe", printed, printed, "pipe"],
    // A session of its own: Ctrl-C in the terminal is for us, and we tell it when to stop.
    detached: true,
  });
  child.once("error", (error) => listener.ended(`could not be started: ${error.message}`));
  // Without free descriptors Node makes no pipes either, whatever their types say.
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
  // `exit` comes before the last output, `close` may never come when a grandchild keeps the pipe open.
  let hasEnded = false;
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (hasEnded) return;
    hasEnded = true;
    const reason = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
    // Whatever a program has started ends with it; jobs that an application has given to processes of their own go on.
    if (child.pid === undefined || !language.isProgram) listener.ended(reason);
    else void endGroup(child.pid).then(() => listener.ended(reason));
  };
  child.once("exit", (code, signal) => setTimeout(end, 300, code, signal));
  child.once("close", end);
  return child;
}

/** What every guest is told, whatever its language. */
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
