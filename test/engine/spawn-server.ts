// Starts fixtures/child-server.ts in a process of its own, and looks at that process from outside and from inside.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import type { Limits } from "../../src/http/limits.ts";
import type { ServerAddress } from "../../src/testing/socket-transport.ts";

const CHILD = fileURLToPath(new URL("fixtures/child-server.ts", import.meta.url));
const LOADER = import.meta.resolve("jiti/register");

/** What the process says of itself. */
export interface ProcessState {
  readonly connections: number;
  readonly heapBytes: number;
  /** Bytes of buffers, outside of the heap. */
  readonly outsideBytes: number;
  /** What keeps or uses the event loop, by kind. */
  readonly resources: readonly string[];
}

/** A running process. */
export class SpawnedServer {
  readonly address: ServerAddress;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, address: ServerAddress) {
    this.#child = child;
    this.address = address;
  }

  get port(): number {
    if (!("port" in this.address)) throw new Error("Expected a TCP server");
    return this.address.port;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** The most memory that the process ever had, and what it has now, in bytes. */
  get resident(): { peak: number; now: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const field = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
    return { peak: field("VmHWM"), now: field("VmRSS") };
  }

  /** Asks the process how it is; first lets it collect its garbage. */
  async state(): Promise<ProcessState> {
    this.#child.send("collect");
    const [state] = (await once(this.#child, "message")) as [ProcessState];
    return state;
  }
}

/** Starts a server for one test. @param host - as for `makeServer` */
export async function spawnServer(host = "127.0.0.1", limits: Partial<Limits> = {}): Promise<SpawnedServer> {
  const child = fork(CHILD, [host, JSON.stringify(limits)], { execArgv: ["--expose-gc", "--import", LOADER] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const [message] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`The server ended with ${String(code)} before it listened`);
    }),
  ])) as [{ address: ServerAddress }];
  return new SpawnedServer(child, message.address);
}
