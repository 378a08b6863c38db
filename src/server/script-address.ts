// Where a Python script that starts a server itself would have served: TSGI serves there when nobody says otherwise.
import { readFileSync } from "node:fs";
import type { ArbiterOptions } from "./arbiter-options.ts";
import { formatBind } from "./bind-address.ts";

/** What a program calls to start a server, in whichever library; a file without any of it need not be run to be known. */
const STARTS_SERVER =
  /\b(?:run|run_simple|run_app|serve|serve_forever|server|handle_request|start|listen|quickstart|block|main|execute_from_command_line)\s*\(/;

/** What the script prints here is left out: each worker's own run prints it again. */
const SILENT = { log: () => {}, output: () => {} };

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
    const [{ pythonApplication }, { pythonOptions }] = await Promise.all([
      import("../guests/python/python-application.ts"),
      import("./load-application.ts"),
    ]);
    try {
      const guest = await pythonApplication({
        ...pythonOptions({ ...options, preload: false }, SILENT),
        output: SILENT.output,
        target: options.target,
        processes: 1,
        threads: 1,
        environment: Object.fromEntries(options.env.map(assignment)),
        startupSeconds: options.bootTimeout,
        ...(options.user === null ? {} : { user: options.user }),
        ...(options.group === null ? {} : { group: options.group }),
      });
      const { address } = guest;
      await guest.close(0);
      this.#last = address === null ? null : bindOf(...address);
    } catch {
      // Its workers will say what is wrong with it.
    }
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

function assignment(text: string): [name: string, value: string] {
  const index = text.indexOf("=");
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
