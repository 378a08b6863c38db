// A real Redis of the tests' own, which listens on a unix socket.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../needs.ts";

const redisServer = program("redis-server", "valkey-server");

/** Whether there is a program to start. */
export const HAS_REDIS = redisServer !== undefined;

/** One server, which may be stopped and started again. */
export class RedisServer {
  readonly #directory = mkdtempSync(join(tmpdir(), "tsgi-redis-"));
  #process: ChildProcess | null = null;

  get url(): string {
    return `unix://${this.#socket}`;
  }

  /** Resolves when it takes connections. */
  start(): Promise<void> {
    const options = ["--port", "0", "--unixsocket", this.#socket, "--save", "", "--dir", this.#directory];
    const server = spawn(redisServer ?? "", options);
    this.#process = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.stdout.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("eady to accept connections")) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const server = this.#process;
    if (server === null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
    this.#process = null;
  }

  /** Stops it and removes its files. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  get #socket(): string {
    return join(this.#directory, "redis.sock");
  }
}
