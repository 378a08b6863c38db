// @ts-check
// A server under test as a process of its own: started on a free port, waited for, and ended with all its children.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { pinned } from "./machine.mjs";

const START_SECONDS = 20;
const STOP_SECONDS = 3;
const KEPT_OUTPUT = 8_000;
const HOST = "127.0.0.1";

/**
 * How to start a server.
 *
 * @typedef {object} Command
 * @property {string[]} argv program and arguments
 * @property {Record<string, string>} [env] variables beside those of the harness
 * @property {string} [cwd] working folder
 */

/** A server that did not start; the message is fit for a reader of the results. */
export class StartError extends Error {
  name = "StartError";
}

/** A running server. */
export class ServerProcess {
  #child;
  #output = "";
  /** @type {string | null} why it ended, null while it runs */
  ended = null;

  /**
   * @param {import("node:child_process").ChildProcess} child leader of its own session
   * @param {number} port where it shall listen
   */
  constructor(child, port) {
    this.#child = child;
    this.port = port;
    const keep = (/** @type {Buffer} */ chunk) => {
      this.#output = (this.#output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.once("error", (error) => (this.ended = error.message));
    child.once("exit", (code, signal) => (this.ended = signal ? `killed by ${signal}` : `exit code ${code}`));
  }

  /** The process id; the session and the process group have the same. */
  get pid() {
    return this.#child.pid ?? 0;
  }

  /** The end of what it wrote to stdout and stderr. */
  get output() {
    return this.#output;
  }

  /** Waits until the port takes connections; throws a StartError when the server ends or takes too long. */
  async untilListening() {
    for (const deadline = Date.now() + START_SECONDS * 1000; !(await isListening(this.port)); await sleep(25)) {
      if (this.ended) throw new StartError(`Server ended with ${this.ended}: ${tellingLine(this.#output)}`);
      if (Date.now() > deadline) {
        throw new StartError(`Server does not listen after ${START_SECONDS} s: ${tellingLine(this.#output)}`);
      }
    }
  }

  /** Asks the server to end, and ends what is left of its process group. */
  async stop() {
    if (!this.ended) {
      const gone = once(this.#child, "exit");
      this.#signal("SIGTERM");
      await Promise.race([gone, sleep(STOP_SECONDS * 1000)]);
    }
    this.#signal("SIGKILL");
    running.delete(this);
  }

  /** @param {NodeJS.Signals} signal for the whole group, which holds only what this harness has started */
  #signal(signal) {
    try {
      if (this.pid > 0) process.kill(-this.pid, signal);
    } catch {
      // The group has gone by itself.
    }
  }
}

/** @type {Set<ServerProcess>} those to end when the harness itself is ended */
const running = new Set();

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(signal, () => {
    const exit = () => process.exit(130);
    Promise.all([...running].map((server) => server.stop())).then(exit, exit);
  });
}

/**
 * Starts a server on a free port of the loopback and waits until it listens.
 *
 * @param {(port: number) => Command} commandFor tells the command for a port
 * @param {number | undefined} core the only core it may use; undefined for any
 * @returns {Promise<ServerProcess>} the server
 * @throws {StartError} when it does not come up
 */
export async function startServer(commandFor, core) {
  const port = await freePort();
  const { argv, env, cwd } = commandFor(port);
  const [program = "", ...args] = pinned(core, argv);
  const child = spawn(program, args, {
    cwd,
    detached: true,
    env: { ...process.env, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const server = new ServerProcess(child, port);
  running.add(server);
  try {
    await server.untilListening();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @returns {Promise<number>} a port that nobody listens on */
export async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Expected a TCP port");
  const { port } = address;
  server.close();
  await once(server, "close");
  return port;
}

/** @param {number} port a port @returns {Promise<boolean>} whether it takes a connection */
async function isListening(port) {
  const socket = connect(port, HOST);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @param {string} output what a server wrote @returns {string} the line that most likely says why it ended */
function tellingLine(output) {
  const lines = output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const telling = lines.findLast(
    (line) => /error|cannot|unable|unknown|no such|not found|invalid/i.test(line) && !line.startsWith("at "),
  );
  return telling ?? lines.at(-1) ?? "it wrote nothing";
}
