// Where a Python script that starts a server itself would have served: TSGI serves there when nobody says otherwise.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { ScriptPlace } from "./ask-script.ts";
import { formatBind } from "../sockets/bind-address.ts";
import { SettingError } from "../errors.ts";

const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
/** Holds the settings of the server for the process that runs the script. */
export const ASKED_VARIABLE = "TSGI_ASK_SCRIPT";
const ASKING_MAIN = fileURLToPath(new URL(`./ask-script-main${EXTENSION}`, import.meta.url));

/** What a program calls to start a server, in whichever library; a file without any of it need not be run to be known. */
const STARTS_SERVER =
  /\b(?:run|run_simple|run_app|serve|serve_forever|server|handle_request|start|listen|quickstart|block|main|execute_from_command_line)\s*\(/;

/** Finds the address of a script, and remembers it for a time in which the script does not come up. */
export class ScriptAddress {
  #last: string | null = null;

  /**
   * Runs the script once, in a Python process of its own: it decides by itself where to serve.
   *
   * @param options - with the target, a file of Python; user, group and environment are those that the workers will have
   * @returns a value for --bind; null when the target is no such script, or has never come up (each worker then says why)
   */
  async find(options: ArbiterOptions): Promise<string | null> {
    if (options.arguments.length === 0 && !startsServer(options.target)) return null;
    try {
      const address = hasIdentity(options) ? await askProcess(options) : await askHere(options);
      this.#last = address === null ? null : bindOf(...address);
    } catch {
      // Its workers will say what is wrong with it.
    }
    if (this.#last?.startsWith("unix:") === true && hasIdentity(options)) throw ownSocket(options.target, this.#last);
    return this.#last;
  }
}

function startsServer(path: string): boolean {
  try {
    return STARTS_SERVER.test(readFileSync(path, "utf8"));
  } catch {
    return false;
  }
}

function bindOf(host: string, port: number): string {
  if (host.startsWith("unix:")) return host;
  return formatBind({ kind: "tcp", host: host === "" ? "0.0.0.0" : host, port });
}

async function askHere(options: ArbiterOptions): Promise<ScriptPlace | null> {
  const { askScript } = await import("./ask-script.ts");
  return await askScript(options);
}

/** A process that has become the user of the workers runs the script: it is the application's code, and not for root. */
async function askProcess(options: ArbiterOptions): Promise<ScriptPlace | null> {
  const child = spawn(process.execPath, [...process.execArgv, ASKING_MAIN], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [ASKED_VARIABLE]: JSON.stringify(options) },
  });
  return await new Promise<ScriptPlace | null>((resolve, reject) => {
    child.once("message", (answer: unknown) => resolve(isPlace(answer) ? answer : null));
    child.once("error", reject);
    child.once("exit", () => reject(new Error("The process that ran the script has ended")));
  });
}

function isPlace(answer: unknown): answer is ScriptPlace {
  return Array.isArray(answer) && typeof answer[0] === "string" && Number.isInteger(answer[1]);
}

function hasIdentity({ user, group }: ArbiterOptions): boolean {
  return user !== null || group !== null;
}

/** The arbiter would make and remove files with the rights of root, wherever the application says. */
function ownSocket(target: string, bind: string): SettingError {
  return new SettingError(
    `Cannot serve at "${bind}", the address in "${target}", because the program runs as another user; name the socket with --bind`,
  );
}
