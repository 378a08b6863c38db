// `tsgi ctl`: steers a running server through its control socket.
import { Argument, Command, InvalidArgumentError } from "../commander.ts";
import { type ControlRequest, SHOWN, type Shown } from "../server/control-protocol.ts";
import { readableJson } from "../server/readable-json.ts";
import { askServer } from "./control-client.ts";
import { UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { runReload } from "./reload-command.ts";

interface CtlOptions {
  readonly controlSocket?: string;
}

/**
 * Adds `ctl` to the program.
 *
 * @param program - of commander
 */
export function registerCtlCommand(program: Command): void {
  const ctl = program
    .command("ctl")
    .description("Steers a running server through its control socket.")
    .option("-s, --control-socket <path>", "socket of the server (default: $TSGI_CONTROL_SOCKET)")
    .exitOverride();
  const ask = async (request: ControlRequest): Promise<void> => {
    process.exit(await askAndPrint(controlSocketOf(ctl.opts<CtlOptions>()), request));
  };
  ctl
    .command("show")
    .description("Prints what is known, as JSON.")
    .addArgument(new Argument("[what]", "what to show").choices([...SHOWN]).default("all"))
    .action((what: Shown) => ask({ command: "show", what }));
  ctl
    .command("reload")
    .description("Loads code and configuration again.")
    .option("--wait", "wait until it has worked or failed")
    .action(async ({ wait = false }: { wait?: boolean }) => {
      process.exit(await runReload(controlSocketOf(ctl.opts<CtlOptions>()), wait));
    });
  ctl.addCommand(workerCommands(ask));
  ctl
    .command("reopen")
    .description("Opens the logs again, after a rotation.")
    .action(() => ask({ command: "reopen" }));
  ctl
    .command("stop")
    .description("Stops the server; requests in hand are completed.")
    .option("--quick", "cut what is in hand")
    .action(({ quick = false }: { quick?: boolean }) => ask({ command: "stop", isQuick: quick }));
  for (const command of ctl.commands) command.exitOverride();
}

/** The path of the control socket. */
export function controlSocketOf({ controlSocket }: CtlOptions): string {
  const path = controlSocket ?? process.env["TSGI_CONTROL_SOCKET"] ?? "";
  if (path === "") throw new UsageError("Name the control socket of the server with --control-socket PATH");
  return path.startsWith("unix:") ? path.slice("unix:".length) : path;
}

function workerCommands(ask: (request: ControlRequest) => Promise<void>): Command {
  const worker = new Command("worker").description("Adds, removes or kills workers.");
  worker
    .command("add")
    .argument("[number]", "how many", parseCount, 1)
    .action((count: number) => ask({ command: "worker-add", count }));
  worker
    .command("remove")
    .argument("[number]", "how many", parseCount, 1)
    .action((count: number) => ask({ command: "worker-remove", count }));
  worker
    .command("kill")
    .argument("<pid>", "process id; the worker is replaced", parseCount)
    .action((pid: number) => ask({ command: "worker-kill", pid }));
  for (const command of worker.commands) command.exitOverride();
  return worker;
}

async function askAndPrint(path: string, request: ControlRequest): Promise<number> {
  const answer = await askServer(path, request);
  if (!answer.ok) {
    process.stderr.write(`tsgi: ${answer.error}\n`);
    return EXIT_CODES.unexpected;
  }
  const result = "result" in answer ? answer.result : answer.reload;
  process.stdout.write(typeof result === "string" ? `${result}\n` : readableJson(result));
  return EXIT_CODES.success;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number above 0.");
  return Number(text);
}
