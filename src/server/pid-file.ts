// The file that holds the arbiter's process id. Source: gunicorn's setting pidfile; during an upgrade the new arbiter's ends in `.2`.
import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { SERVER_EXIT_CODES, ServerError, messageOf } from "./errors.ts";

/** A pid file that this process has written. */
export class PidFile {
  #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes the file.
   *
   * @param path - where; a file of a process that has ended is replaced
   * @throws ServerError when a live process has it, or when it cannot be written
   */
  static create(path: string): PidFile {
    const owner = readPid(path);
    if (owner !== null && owner !== process.pid && isAlive(owner)) {
      throw new ServerError(
        SERVER_EXIT_CODES.boot,
        "ERR_TSGI_PID_FILE",
        `Cannot write the pid file "${path}": process ${owner}, which it names, is running`,
      );
    }
    const file = new PidFile(path);
    file.#write();
    return file;
  }

  get path(): string {
    return this.#path;
  }

  /** Gives the file another name. */
  rename(path: string): void {
    try {
      renameSync(this.#path, path);
    } catch {
      // The old file is gone; the new one is what counts.
    }
    this.#path = path;
    this.#write();
  }

  /** Removes the file, unless another process has written it meanwhile. */
  remove(): void {
    if (readPid(this.#path) !== process.pid) return;
    try {
      unlinkSync(this.#path);
    } catch {
      // Somebody else has removed it.
    }
  }

  #write(): void {
    try {
      writeFileSync(this.#path, `${process.pid}\n`, { mode: 0o644 });
    } catch (error) {
      throw new ServerError(
        SERVER_EXIT_CODES.fileUnusable,
        "ERR_TSGI_PID_FILE",
        `Cannot write the pid file "${this.#path}": ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

function readPid(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** Whether a process exists; one of another user does too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
