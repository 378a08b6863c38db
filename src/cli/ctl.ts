// `tsgi ctl`: steers a running server through its control socket.
import { Argument, type Command } from "../commander.ts";
import { type ControlRequest, SHOWN, type Shown } from "../server/control/control-protocol.ts";
import { readableJson } from "../server/control/readable-json.ts";
import { chosenFrom } from "./command-form.ts";
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
  const ctl = withSocket(program.command("ctl")).description("Controls a running server through its control socket.");
  withSocket(ctl.command("show"))
    .description("Prints the state of the server as JSON.")
    .addArgument(chosenFrom(new Argument("[what]", "what to show"), "view", SHOWN).default("all"))
    .action(async (what: Shown, _, command: Command) => ask(command, { command: "show", what }));
  withSocket(ctl.command("reload"))
    .description("Reloads code and configuration.")
    .option("--wait", "wait until the reload has succeeded or failed")
    .action(async ({ wait = false }: { wait?: boolean }, command: Command) => {
      process.exit(await runReload(controlSocketOf(command), wait));
    });
  registerWorkerCommands(ctl);
  withSocket(ctl.command("reopen"))
    .description("Opens the logs again, after a rotation.")
    .action(async (_, command: Command) => ask(command, { command: "reopen" }));
  withSocket(ctl.command("stop"))
    .description("Stops the server after it has completed open requests.")
    .option("--quick", "cut off open requests")
    .action(async ({ quick = false }: { quick?: boolean }, command: Command) =>
      ask(command, { command: "stop", isQuick: quick }),
    );
}

function registerWorkerCommands(ctl: Command): void {
  const worker = withSocket(ctl.command("worker")).description("Adds, removes or kills workers.");
  withSocket(worker.command("add"))
    .description("Starts more workers.")
    .argument("[number]", "how many", parseCount, 1)
    .action(async (count: number, _, command: Command) => ask(command, { command: "worker-add", count }));
  withSocket(worker.command("remove"))
    .description("Stops workers.")
    .argument("[number]", "how many", parseCount, 1)
    .action(async (count: number, _, command: Command) => ask(command, { command: "worker-remove", count }));
  withSocket(worker.command("kill"))
    .description("Kills a worker at once.")
    .argument("<pid>", "process id; the worker is replaced", parseCount)
    .action(async (pid: number, _, command: Command) => ask(command, { command: "worker-kill", pid }));
}

/** The socket may be named in front of a subcommand and after it. */
function withSocket(command: Command): Command {
  return command.option("-s, --control-socket <path>", "socket of the server (default: $TSGI_CONTROL_SOCKET)");
}

/** The path of the control socket. */
function controlSocketOf(command: Command): string {
  const { controlSocket } = command.optsWithGlobals<CtlOptions>();
  const path = controlSocket ?? process.env["TSGI_CONTROL_SOCKET"] ?? "";
  if (path === "") throw new UsageError("Name the control socket of the server with --control-socket PATH");
  return path.startsWith("unix:") ? path.slice("unix:".length) : path;
}

async function ask(command: Command, request: ControlRequest): Promise<void> {
  process.exit(await askAndPrint(controlSocketOf(command), request));
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
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot use the number "${text}": expected a whole number above 0`);
}
