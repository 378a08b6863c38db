// Where guests connect: a unix socket in a private directory (or one protected by a token), and the status file, in which each lane
// records the request it has started and learns which clients have disconnected.
// Source: docs/lane-protocol.md, "Starting a guest", "The status file".
import { Buffer } from "node:buffer";
import { randomBytes, timingSafeEqual } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  fchownSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { PORTABLE_SOCKET_PATH_BYTES } from "../../http/socket-path.ts";
import type { Identity } from "../../identity.ts";
import { FRAME_HEADER_BYTES, FrameType } from "../../protocols/lane/frame.ts";
import { directoryPrefix, processName, removeAbandoned, SOCKET_NAME, STATUS_NAME } from "./abandoned-directories.ts";
import { GuestStartError } from "./errors.ts";
import { parseHello, type Hello } from "./hello.ts";

const HELLO_MILLISECONDS = 10_000;
const MAX_HELLO_BYTES = 65_536;
/** Space for the finished responses of one lane, including the word with its length; less if there are many lanes. */
const MOST_ANSWER_BYTES = 65_536;
const LEAST_ANSWER_BYTES = 8192;
/** Maximum space for the responses of all lanes, unless there are thousands. */
const ALL_ANSWER_BYTES = 16_777_216;
const RESERVE_BYTES = 1_048_576;

/** The listening socket, the token and the status file of one pool of guests. */
export class Rendezvous {
  readonly token = randomBytes(24).toString("base64url");
  readonly directory: string;
  readonly socketPath: string;
  readonly statusPath: string;
  /** Maximum number of lanes at a time. */
  readonly slots: number;
  /** Bytes of the status file for the responses of one lane. */
  readonly answerBytes: number;
  readonly #identity: Identity | null;
  readonly #server: Server;
  readonly #statusFile: number;
  readonly #word = Buffer.alloc(4);
  readonly #onHello: (hello: Hello, socket: Socket) => void;

  /**
   * Makes the directory and the status file; `listen` opens the socket.
   *
   * @param slots - maximum number of lanes at a time
   * @param identity - of the processes that connect, if it differs from this process's
   * @param language - of those processes, for messages
   * @param onHello - receives each connection that presented the token
   * @param parents - directories to try, best first. @default memory where the system has a directory for it, then for temporary files
   * @throws GuestStartError if none of them has enough space
   */
  constructor(
    slots: number,
    identity: Identity | null,
    language: string,
    onHello: (hello: Hello, socket: Socket) => void,
    parents: readonly string[] = ["/dev/shm", tmpdir(), "/tmp"],
  ) {
    this.slots = slots;
    this.#identity = identity;
    this.#onHello = onHello;
    const share = Math.floor(ALL_ANSWER_BYTES / slots / LEAST_ANSWER_BYTES) * LEAST_ANSWER_BYTES;
    this.answerBytes = Math.max(LEAST_ANSWER_BYTES, Math.min(MOST_ANSWER_BYTES, share));
    const { directory, statusFile } = makePlace(parents, slots * (12 + this.answerBytes), language);
    this.directory = directory;
    this.#statusFile = statusFile;
    if (identity !== null) {
      // The directory remains ours: nobody else can replace these files.
      chmodSync(directory, 0o711);
      fchownSync(statusFile, identity.uid ?? -1, identity.gid ?? -1);
    }
    this.socketPath = join(this.directory, SOCKET_NAME);
    this.statusPath = join(this.directory, STATUS_NAME);
    this.#server = createServer((socket) => this.#greet(socket));
  }

  /** Opens the socket. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path: this.socketPath, backlog: 1024 }, resolve);
    });
    if (this.#identity === null) return;
    chmodSync(this.socketPath, 0o600);
    chownSync(this.socketPath, this.#identity.uid ?? -1, this.#identity.gid ?? -1);
  }

  /** Records that a process belongs here, for the cleanup in case this one is killed. */
  note(pid: number): void {
    try {
      writeFileSync(join(this.directory, processName(pid)), "", { mode: 0o600 });
    } catch {
      // Not needed for serving.
    }
  }

  /** A recorded process has exited. */
  forget(pid: number): void {
    rmSync(join(this.directory, processName(pid)), { force: true });
  }

  /** The last request that a lane has started; 0 for none. */
  started(slot: number): number {
    return this.#readWord(slot * 4);
  }

  /** The finished responses that a lane has left behind: whole RESPONSE frames; some may have been sent already. */
  kept(slot: number): Buffer {
    const start = this.slots * 8 + slot * this.answerBytes;
    const bytes = Buffer.alloc(Math.min(this.#readWord(start), this.answerBytes - 4));
    readSync(this.#statusFile, bytes, 0, bytes.length, start + 4);
    return bytes;
  }

  /** Tells a lane that nobody wants the response to a request any more. */
  abort(slot: number, id: number): void {
    this.#writeWord((this.slots + slot) * 4, id);
  }

  /** Tells a lane to start none of the requests up to this one any more; 0 takes that back. */
  recall(slot: number, id: number): void {
    this.#writeWord(this.slots * (8 + this.answerBytes) + slot * 4, id);
  }

  #readWord(position: number): number {
    readSync(this.#statusFile, this.#word, 0, 4, position);
    return endianness() === "LE" ? this.#word.readUInt32LE(0) : this.#word.readUInt32BE(0);
  }

  #writeWord(position: number, value: number): void {
    if (endianness() === "LE") this.#word.writeUInt32LE(value, 0);
    else this.#word.writeUInt32BE(value, 0);
    writeSync(this.#statusFile, this.#word, 0, 4, position);
  }

  /** Closes the socket and removes the directory. */
  close(): void {
    this.#server.close();
    closeSync(this.#statusFile);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Reads the first frame; disconnects clients that do not present the token. */
  #greet(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), HELLO_MILLISECONDS);
    let held: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = held.length < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + held.readUInt32LE(0);
      if (end > MAX_HELLO_BYTES) socket.destroy();
      if (held.length < end) return;
      clearTimeout(timer);
      socket.off("data", read);
      const hello = this.#admitted(held.subarray(0, end));
      if (hello === null) {
        socket.destroy();
        return;
      }
      this.#onHello(hello, socket);
      if (held.length > end) socket.unshift(held.subarray(end));
    };
    socket.on("data", read);
    socket.on("error", () => {});
    socket.once("close", () => clearTimeout(timer));
  }

  #admitted(frame: Buffer): Hello | null {
    if (frame[12] !== FrameType.hello) return null;
    try {
      const said = parseHello(frame.toString("utf8", FRAME_HEADER_BYTES));
      const [shown, expected] = [Buffer.from(said?.token ?? ""), Buffer.from(this.token)];
      const isAdmitted = shown.length === expected.length && timingSafeEqual(shown, expected);
      return said !== null && isAdmitted ? said.hello : null;
    } catch {
      return null;
    }
  }
}

/** Creates the directory and the status file where both fit: in memory if possible, because each request writes to the file. */
function makePlace(
  parents: readonly string[],
  bytes: number,
  language: string,
): { directory: string; statusFile: number } {
  const reasons: string[] = [];
  for (const parent of new Set(parents)) {
    const socket = join(parent, `${directoryPrefix()}XXXXXX`, SOCKET_NAME);
    if (Buffer.byteLength(socket) > PORTABLE_SOCKET_PATH_BYTES) {
      reasons.push(`"${parent}" is too long for a socket in it`);
      continue;
    }
    let directory = "";
    try {
      removeAbandoned(parent);
      directory = mkdtempSync(join(parent, directoryPrefix()));
      return { directory, statusFile: reserve(join(directory, STATUS_NAME), bytes) };
    } catch (error) {
      reasons.push((error as Error).message);
      if (directory !== "") rmSync(directory, { recursive: true, force: true });
    }
  }
  throw new GuestStartError(
    language,
    `Could not make the ${bytes} bytes that are shared with ${language} in any directory: ${reasons.join("; ")}`,
  );
}

/**
 * Writes every byte of the file. If it were sparse and the file system full, a process that writes to the mapping would be killed with
 * SIGBUS. Source: mmap(2).
 */
function reserve(path: string, bytes: number): number {
  const file = openSync(path, "wx+", 0o600);
  try {
    const zeros = Buffer.alloc(Math.min(bytes, RESERVE_BYTES));
    for (let at = 0; at < bytes;) at += writeSync(file, zeros, 0, Math.min(zeros.length, bytes - at), at);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
