// `tsgi reload`: lets a running server load code and configuration again; with --wait its exit code tells whether that worked.
import type { Command } from "../commander.ts";
import { trustedPid } from "../server/arbiter/pid-file.ts";
import { askServer } from "./control-client.ts";
import { CommandError, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

interface ReloadOptions {
  readonly wait?: boolean;
  readonly controlSocket?: string;
  readonly pid?: string;
}

/**
 * Adds `reload` to the program.
 *
 * @param program - of commander
 */
export function registerReloadCommand(program: Command): void {
  program
    .command("reload")
    .description("Reloads a running server without losing a request.")
    .option("--wait", `wait for the outcome; exits with ${EXIT_CODES.boot} if the old code stays`)
    .option("-s, --control-socket <path>", "socket of the server (default: $TSGI_CONTROL_SOCKET)")
    .option("-p, --pid <file>", "pid file of the server, instead: sends SIGHUP, cannot wait")
    .action(async (options: ReloadOptions) => process.exit(await reload(options)));
}

/**
 * Reloads through the control socket.
 *
 * @param path - of the control socket
 * @param isWaiting - until the reload has worked or failed
 * @returns 0 when it worked or, without waiting, began; otherwise the exit code for a server that does not boot
 */
export async function runReload(path: string, isWaiting: boolean): Promise<number> {
  const answer = await askServer(path, { command: "reload", isWaiting });
  if (!answer.ok) {
    process.stderr.write(`tsgi: ${answer.error}\n`);
    return EXIT_CODES.unexpected;
  }
  if (!("reload" in answer)) {
    process.stdout.write("The server is reloading; its log will show the result\n");
    return EXIT_CODES.success;
  }
  const { reload: outcome } = answer;
  if (outcome.isDone) {
    process.stdout.write(`Generation ${outcome.generation} serves after ${outcome.seconds.toFixed(1)} s\n`);
    return EXIT_CODES.success;
  }
  const detail = outcome.detail === "" ? "" : `${outcome.detail.trimEnd()}\n`;
  process.stderr.write(`tsgi: The old code keeps serving: ${outcome.reason}\n${detail}`);
  return EXIT_CODES.boot;
}

async function reload({ wait = false, controlSocket, pid }: ReloadOptions): Promise<number> {
  const socket = controlSocket ?? process.env["TSGI_CONTROL_SOCKET"] ?? "";
  if (pid !== undefined) {
    if (wait) throw new UsageError("Use --control-socket with --wait: a signal has no reply");
    signalServer(pid);
    return EXIT_CODES.success;
  }
  if (socket === "") throw new UsageError("Name the server with --control-socket PATH or --pid FILE");
  return await runReload(socket.startsWith("unix:") ? socket.slice("unix:".length) : socket, wait);
}

function signalServer(file: string): void {
  try {
    process.kill(trustedPid(file), "SIGHUP");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      EXIT_CODES.fileUnusable,
      "ERR_TSGI_FILE_UNUSABLE",
      `Cannot signal the server of ${file}: ${reason}`,
      {
        cause: error,
      },
    );
  }
}
