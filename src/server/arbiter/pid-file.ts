// The file that holds the arbiter's process id. Source: gunicorn's setting pidfile; during an upgrade the new arbiter's ends in `.2`.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { atGuarded, type GuardedPlace, replaceFile } from "../sockets/guarded-path.ts";
import { SERVER_EXIT_CODES, ServerError, messageOf } from "../errors.ts";

/** A pid file that this process has written. */
export class PidFile {
  #path: string;
  readonly #stranger: number | undefined;

  private constructor(path: string, stranger: number | undefined) {
    this.#path = path;
    this.#stranger = stranger;
  }

  /**
   * Writes the file.
   *
   * @param path - where; a file of a process that has ended is replaced
   * @param stranger - the user of the workers, if it is another: links of his are not followed
   * @throws ServerError when a live process has it, or when it cannot be written
   */
  static create(path: string, stranger?: number): PidFile {
    const file = new PidFile(path, stranger);
    const owner = file.#read();
    if (owner !== null && owner !== process.pid && isAlive(owner)) {
      throw new ServerError(
        SERVER_EXIT_CODES.boot,
        "ERR_TSGI_PID_FILE",
        `Cannot write the pid file "${path}": process ${owner}, which it names, is running`,
      );
    }
    file.#write();
    return file;
  }

  get path(): string {
    return this.#path;
  }

  /** Gives the file another name. */
  rename(path: string): void {
    const before = this.#path;
    this.#path = path;
    this.#write();
    this.#unlink(before);
  }

  /** Removes the file, unless another process has written it meanwhile. */
  remove(): void {
    if (this.#read() === process.pid) this.#unlink(this.#path);
  }

  #unlink(path: string): void {
    try {
      atGuarded(path, this.#stranger, (place) => unlinkSync(place.path));
    } catch {
      // Somebody else has removed it.
    }
  }

  #write(): void {
    try {
      atGuarded(this.#path, this.#stranger, write);
    } catch (error) {
      throw new ServerError(
        SERVER_EXIT_CODES.fileUnusable,
        "ERR_TSGI_PID_FILE",
        `Cannot write the pid file "${this.#path}": ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  #read(): number | null {
    try {
      const pid = Number.parseInt(atGuarded(this.#path, this.#stranger, read).text, 10);
      return pid > 0 ? pid : null;
    } catch {
      return null;
    }
  }
}

/**
 * The process that a pid file names. Who may write the file could otherwise have root signal any process.
 *
 * @throws an Error when it names none, or when the file belongs neither to root nor to this user nor to the user of that process
 */
export function trustedPid(path: string): number {
  const { text, uid } = atGuarded(path, "anyone", read);
  const pid = Number(text.trim());
  if (!Number.isInteger(pid) || pid <= 1) throw new Error("the file holds no process id");
  const isTrusted = uid === 0 || uid === process.geteuid?.() || uid === ownerOf(pid);
  if (!isTrusted) throw new Error(`it belongs to user ${uid}, and the process that it names does not`);
  return pid;
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

/** Whole at once and as a file of its own; in the one that is there, where no other can be made. */
function write({ path, noFollow }: GuardedPlace): void {
  const text = `${process.pid}\n`;
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile() && !before.isSymbolicLink())
    throw new Error("it exists and is not a file");
  try {
    replaceFile(path, text, 0o644);
  } catch (error) {
    if (!isCode(error, "EACCES") && !isCode(error, "EROFS")) throw error;
    const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC | noFollow);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  }
}

function read({ path, noFollow }: GuardedPlace): { readonly text: string; readonly uid: number } {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow);
  try {
    return { text: readFileSync(file, "utf8"), uid: fstatSync(file).uid };
  } finally {
    closeSync(file);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
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
