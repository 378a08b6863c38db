// Runs the server in the background. Source: gunicorn's setting daemon. Node cannot fork: the command starts itself once more, in a
// session of its own, waits until that serves, and ends with its word: a daemon that cannot start is a command that fails.
import { spawn } from "node:child_process";

/** What the process in the background says through its channel. */
export type DaemonMessage =
  | { readonly type: "daemon-ready" }
  | { readonly type: "daemon-failed"; readonly text: string; readonly exitCode: number };

/**
 * Starts this command in the background.
 *
 * @param variable - set in the environment of the process in the background
 * @param keepsOutput - it goes on writing to this process's standard output and error
 * @returns the exit code for this process
 */
export async function daemonize(variable: string, keepsOutput: boolean): Promise<number> {
  const output = keepsOutput ? "inherit" : "ignore";
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ["ignore", output, output, "ipc"],
    env: { ...process.env, [variable]: "1" },
  });
  return await new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.on("message", (message: unknown) => {
      // The configuration file runs there, too, and may send messages of its own.
      if (!isDaemonMessage(message)) return;
      if (message.type === "daemon-failed") {
        process.stderr.write(message.text);
        resolve(message.exitCode);
        return;
      }
      child.disconnect();
      child.unref();
      resolve(0);
    });
  });
}

/** In the background: tells the command in the foreground how the start went. */
export function tellForeground(message: DaemonMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

function isDaemonMessage(message: unknown): message is DaemonMessage {
  if (typeof message !== "object" || message === null || !("type" in message)) return false;
  if (message.type === "daemon-ready") return true;
  const { text, exitCode } = message as { text?: unknown; exitCode?: unknown };
  return message.type === "daemon-failed" && typeof text === "string" && Number.isSafeInteger(exitCode);
}
