// Starts a real web server in the foreground, with a folder and ports of its own, and waits until it listens.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";

/** A web server that runs. */
export interface Front {
  /** Ports of its virtual servers, by the names in its configuration. */
  readonly ports: Readonly<Record<string, number>>;
  /** What its error log holds. */
  errors(): string;
  close(): Promise<void>;
}

/** How a web server is started. */
export interface FrontProgram {
  readonly path: string;
  /** Names of its virtual servers: each gets a port. */
  readonly names: readonly string[];
  /** Its configuration, with the error log in `error.log`. */
  configuration(folder: string, ports: Readonly<Record<string, number>>): string;
  arguments(folder: string, file: string): readonly string[];
  /** Makes files beside the configuration. */
  prepare?(folder: string): void;
}

/** Starts a web server. */
export async function startFront(front: FrontProgram): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-web-server-"));
  // Some drop their rights, and read programs from here afterwards.
  chmodSync(folder, 0o755);
  const ports: Record<string, number> = {};
  for (const name of front.names) ports[name] = await freePort();
  front.prepare?.(folder);
  const file = join(folder, "conf");
  writeFileSync(file, front.configuration(folder, ports));
  const child: ChildProcess = spawn(front.path, front.arguments(folder, file), { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  const errors = (): string => readIfThere(join(folder, "error.log")) + complaints;
  for (const port of Object.values(ports)) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${front.path} ended with ${child.exitCode}: ${errors()}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
  return {
    ports,
    errors,
    close: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
