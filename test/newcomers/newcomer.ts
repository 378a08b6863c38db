// Somebody who has only the README: an empty folder, an environment without anything, and a stopwatch.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this project. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The commands of the README's first block, by the comment above each group. */
export function readmeCommands(comment: RegExp): string[] {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, block = ""] = /```sh\n([^]*?)```/.exec(readme) ?? [];
  const group = block.split("\n\n").find((each) => comment.test(each)) ?? "";
  return group.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** A person at a shell. */
export class Newcomer {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-newcomer-")));
  readonly #variables: Record<string, string>;
  readonly #startedAt = performance.now();
  #server: ChildProcess | null = null;

  /**
   * @param files - of the project, text by name
   * @param variables - all that the shell knows; there is no other variable
   */
  constructor(files: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>>) {
    this.#variables = { HOME: this.folder, ...variables };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** Types a command and waits for its end. */
  run(command: string): string {
    const options = { cwd: this.folder, env: this.#variables, encoding: "utf8", stdio: "pipe" } as const;
    return execFileSync("/bin/sh", ["-c", command], options);
  }

  /**
   * Types a command that serves, and asks.
   *
   * @returns the body of the first response
   */
  async serve(command: string, port: number, path = "/"): Promise<string> {
    const options = { cwd: this.folder, env: this.#variables, detached: true };
    const server = spawn("/bin/sh", ["-c", `exec ${command}`], options);
    server.stdin.end();
    this.#server = server;
    let log = "";
    for (const stream of [server.stdout, server.stderr])
      stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
    for (;;) {
      // The first answer, however soon it comes: a refused connection is asked again.
      const answer = await ask(port, path).catch(() => null);
      if (answer !== null) return answer;
      if (server.exitCode !== null || server.signalCode !== null) throw new Error(`"${command}" ended: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks the server to stop. @returns its exit code */
  async stop(): Promise<number | null> {
    const server = this.#server;
    if (server === null) return null;
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGTERM");
      await once(server, "exit");
    }
    return server.exitCode;
  }

  /** Prints the time since the beginning. */
  tell(what: string): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    process.stdout.write(`${what}: ${seconds.toFixed(1)} s from nothing to the first answer\n`);
  }

  async leave(): Promise<void> {
    this.#endGroup();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends what is left of the server: npx is not the one that serves. */
  #endGroup(): void {
    const pid = this.#server?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing is left.
    }
  }
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(body)).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}
