// A file that lines are appended to: collected while the event loop turns once, or for a few milliseconds when there are many, then
// written with one system call.
// Appending (O_APPEND) keeps lines of several processes whole; reopening by name follows a log rotation.
import { closeSync, constants, fchownSync, fstatSync, openSync, writeSync } from "node:fs";
import { atGuarded, type GuardedPlace } from "../sockets/guarded-path.ts";
import { LoggingError } from "./errors.ts";

/**
 * Characters after which the text is encoded. Until then it is a chain of short strings, and every collection of the young generation
 * copies what is alive of it: with chains of 64 KB, that was nearly half of what a line cost.
 */
const ENCODE_AT_LENGTH = 4 * 1024;
/** Bytes that are collected; with more to come they are written without waiting for the end of the turn. */
const BUFFER_BYTES = 64 * 1024;
/** Bytes that may wait for a slow reader (a full pipe); what comes after is dropped and counted. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
const RETRY_MILLISECONDS = 20;
/** A line waits at most so long for others; at once when none was written as recently. */
const COLLECT_MILLISECONDS = 10;
/** How long the end of the process waits for a slow reader. */
const EXIT_ATTEMPTS = 50;

const openFiles = new Set<LogFile>();

/** A log on a path or on an inherited descriptor (1 is standard output, 2 is standard error). */
export class LogFile {
  readonly #path: string | undefined;
  readonly #owner: number | undefined;
  #fd: number;
  #text = "";
  /** What has been encoded, and not written: `#buffer` up to `#length`. */
  #buffer: Buffer | undefined;
  #length = 0;
  /** What the reader did not take. */
  #pending: Buffer | undefined;
  #isScheduled = false;
  #isCollecting = false;
  #isRetrying = false;
  #droppedLines = 0;

  private constructor(path: string | undefined, fd: number, owner?: number) {
    this.#path = path;
    this.#owner = owner;
    this.#fd = fd;
  }

  /**
   * Opens a log for appending.
   *
   * @param target - a path, created with mode 0640 where it is missing, or a descriptor that stays open
   * @param owner - the user that workers become, who opens the file again after a rotation: one of root is given to him
   * @throws LoggingError `ERR_TSGI_LOG_FILE` when the file cannot be opened
   */
  static open(target: string | number, owner?: number): LogFile {
    const file =
      typeof target === "number"
        ? new LogFile(undefined, target)
        : new LogFile(target, openForAppend(target, owner), owner);
    if (openFiles.size === 0) process.on("exit", flushAll);
    openFiles.add(file);
    return file;
  }

  /** Lines that were lost because the reader was too slow or the disk full. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /**
   * Appends text, which should end with a line feed. It is written when the event loop has turned, or, when much is written, a
   * hundred times a second.
   */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= ENCODE_AT_LENGTH) this.#encode();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (!this.#isCollecting) setImmediate(this.#flushAfterTurn);
  }

  /** Writes what has been collected. */
  flush(): void {
    this.#encode();
    this.#writeBuffer();
    if (this.#writePending() || this.#isRetrying) return;
    this.#isRetrying = true;
    setTimeout(this.#flushLater, RETRY_MILLISECONDS).unref();
  }

  /**
   * Closes the file and opens it again under its name, which a rotation has given to a new one. No line is lost: what was
   * collected goes to the old file.
   *
   * @throws LoggingError `ERR_TSGI_LOG_FILE` when the name cannot be opened; the old file stays in use then
   */
  reopen(): void {
    if (this.#path === undefined) return;
    this.flush();
    const fd = openForAppend(this.#path, this.#owner);
    closeSync(this.#fd);
    this.#fd = fd;
  }

  /** Writes what is left and closes a file that was opened by name. */
  close(): void {
    if (!openFiles.delete(this)) return;
    if (openFiles.size === 0) process.removeListener("exit", flushAll);
    this.flushBeforeExit();
    if (this.#path !== undefined) closeSync(this.#fd);
  }

  /** Writes what is left, waiting up to a second for a slow reader. For the end of the process, where no timer runs any more. */
  flushBeforeExit(): void {
    this.flush();
    for (let attempt = 0; attempt < EXIT_ATTEMPTS && !this.#writePending(); attempt++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS);
    }
  }

  readonly #flushAfterTurn = (): void => {
    this.#isScheduled = false;
    if (!openFiles.has(this)) return;
    this.flush();
    this.#isCollecting = true;
    setTimeout(this.#endCollecting, COLLECT_MILLISECONDS);
  };

  readonly #endCollecting = (): void => {
    this.#isCollecting = false;
    if (this.#isScheduled) this.#flushAfterTurn();
  };

  readonly #flushLater = (): void => {
    this.#isRetrying = false;
    if (openFiles.has(this)) this.flush();
  };

  /** Encodes the text, as UTF-8, which takes at most three bytes per character. */
  #encode(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    const mostBytes = 3 * text.length;
    if (this.#length + mostBytes > BUFFER_BYTES) this.#writeBuffer();
    if (mostBytes > BUFFER_BYTES) {
      this.#write(Buffer.from(text, "utf8"));
    } else {
      this.#buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
      this.#length += this.#buffer.write(text, this.#length, "utf8");
    }
  }

  #writeBuffer(): void {
    if (this.#buffer === undefined || this.#length === 0) return;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#write(bytes);
  }

  /** Writes bytes, of which the buffer may be the owner; what the reader does not take now is copied and kept. */
  #write(bytes: Buffer): void {
    const pendingBytes = this.#pending?.length ?? 0;
    if (pendingBytes > 0 && pendingBytes + bytes.length > MAX_PENDING_BYTES) {
      this.#droppedLines += countLines(bytes);
      return;
    }
    const rest = pendingBytes > 0 ? bytes : this.#writeSome(bytes);
    if (rest.length > 0) this.#pending = Buffer.concat(this.#pending === undefined ? [rest] : [this.#pending, rest]);
  }

  /** Returns false when the reader takes no more now. */
  #writePending(): boolean {
    if (this.#pending === undefined) return true;
    const rest = this.#writeSome(this.#pending);
    this.#pending = rest.length > 0 ? rest : undefined;
    return this.#pending === undefined;
  }

  /** Writes until all is written or the reader takes no more. @returns what is left */
  #writeSome(bytes: Buffer): Buffer {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (isCode(error, "EAGAIN")) return rest;
        // A full disk or a closed pipe must not stop the server; the lines are lost.
        this.#droppedLines += countLines(rest);
        return rest.subarray(rest.length);
      }
    }
    return rest;
  }
}

function flushAll(): void {
  for (const file of openFiles) file.flushBeforeExit();
}

function openForAppend(path: string, owner: number | undefined): number {
  try {
    return atGuarded(path, owner, (place) => openPlace(place, owner));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LoggingError("ERR_TSGI_LOG_FILE", `Cannot open the log file "${path}": ${reason}`, { cause: error });
  }
}

function openPlace({ path, noFollow, isForeign }: GuardedPlace, owner: number | undefined): number {
  const fd = openUnfollowed(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow);
  const { uid, nlink } = fstatSync(fd);
  if (nlink > 1 && isForeign) {
    closeSync(fd);
    throw new Error("the file has another name elsewhere, and somebody else owns the directory");
  }
  if (owner !== undefined && uid === 0 && process.geteuid?.() === 0 && nlink === 1) fchownSync(fd, owner, -1);
  return fd;
}

function openUnfollowed(path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o640);
  } catch (error) {
    if (isCode(error, "ELOOP"))
      throw new Error("it is a link that somebody else has made, and may lead anywhere", { cause: error });
    throw error;
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 0x0a) lines++;
  return lines;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
