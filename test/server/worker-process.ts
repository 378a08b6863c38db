// A real worker whose arbiter is the test: built from its sources, started as an arbiter starts it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { afterAll, onTestFinished } from "vitest";
import type { ArbiterMessage, WorkerMessage } from "../../src/server/channel/messages.ts";
import { WORKER_VARIABLE, type WorkerConfig } from "../../src/server/channel/worker-config.ts";
import type { ArbiterOptions } from "../../src/server/settings/arbiter-options.ts";
import { openListeners } from "../../src/server/sockets/listeners.ts";
import { options } from "./arbiter-double.ts";
import { until } from "./server-project.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Below the project, so that packages are found. */
const BUILDS = join(ROOT, ".cache");
mkdirSync(BUILDS, { recursive: true });
const built = mkdtempSync(join(BUILDS, "worker-"));
afterAll(() => rmSync(built, { recursive: true, force: true }));

const bundle = await rolldown({
  cwd: ROOT,
  input: join(ROOT, "src", "server", "worker", "worker-main.ts"),
  platform: "node",
  external: /^[^./]/,
  checks: { pluginTimings: false },
});
await bundle.write({ dir: built, format: "esm", keepNames: true });
await bundle.close();

/** Waits where a test says so, and misbehaves where it is asked to. */
export const APPLICATION = `
import { existsSync, writeFileSync } from "node:fs";
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
export async function application(environ, startResponse) {
  const path = environ.PATH_INFO;
  if (path === "/hold") {
    writeFileSync("begun", "");
    while (!existsSync("released")) await turn();
  }
  if (path === "/throw-later") setTimeout(() => { throw new Error("thrown later"); });
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(path)];
}
`;

/** How a worker ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker process. It is killed when its test has ended. */
export class WorkerProcess {
  /** Of its application; its working directory too. */
  readonly directory: string;
  readonly port: number;
  /** What it has said, in order. */
  readonly said: WorkerMessage[] = [];
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #log = "";

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.directory = directory;
    this.port = port;
    this.exit = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    child.on("message", (message) => this.said.push(message as WorkerMessage));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#log += text));
  }

  /**
   * Starts a worker on a port of its own.
   *
   * @param more - settings
   * @param start - what else the arbiter says at the start, and the program of the application
   */
  static async start(
    more: Partial<ArbiterOptions> = {},
    { program = APPLICATION, isHeld = false }: { readonly program?: string; readonly isHeld?: boolean } = {},
  ): Promise<WorkerProcess> {
    const directory = mkdtempSync(join(tmpdir(), "tsgi-worker-"));
    writeFileSync(join(directory, "app.mjs"), program);
    const [listener] = await openListeners(["127.0.0.1:0"]);
    if (listener?.address.kind !== "tcp") throw new Error("Nothing listens");
    const { host, port } = listener.address;
    const config: WorkerConfig = {
      id: 1,
      generation: 1,
      options: options({ target: "app.mjs", ...more }),
      isHeld,
      secret: "secret",
      arbiter: process.pid,
      listeners: [{ tcp: { host, port }, path: null, isForeign: false, bind: listener.bind }],
    };
    const child = spawn(process.execPath, [join(built, "worker-main.js")], {
      stdio: ["ignore", "ignore", "pipe", listener.fd, "ipc"],
      cwd: directory,
      env: { ...process.env, [WORKER_VARIABLE]: JSON.stringify(config) },
    });
    listener.close();
    const worker = new WorkerProcess(child, directory, port);
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await worker.exit;
      rmSync(directory, { recursive: true, force: true });
    });
    return worker;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has written to its error log. */
  get log(): string {
    return this.#log;
  }

  /** The types of what it has said, without those that come with time. */
  get types(): string[] {
    return this.said.map(({ type }) => type).filter((type) => type !== "heartbeat");
  }

  /** Says something to it. @param socket - of a connection that is handed over */
  tell(message: ArbiterMessage, socket?: Socket): void {
    this.#child.send(message, socket);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Leaves it alone, as an arbiter that has died does. */
  disconnect(): void {
    this.#child.disconnect();
  }

  /** Waits until it has said something, and gives that. */
  async hears<Type extends WorkerMessage["type"]>(type: Type): Promise<Extract<WorkerMessage, { type: Type }>> {
    let found: WorkerMessage | undefined;
    await until(() => (found = this.said.find((message) => message.type === type)) !== undefined);
    return found as Extract<WorkerMessage, { type: Type }>; // it is of this type
  }

  /** Asks it by a connection of its own. */
  async ask(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { connection: "close" } });
    return await response.text();
  }

  /** Asks for what is answered only after `release`, and waits until the application has it. */
  async hold(): Promise<Promise<string>[]> {
    const answer = this.ask("/hold");
    answer.catch(() => {});
    await until(() => existsSync(join(this.directory, "begun")));
    // In a list, because a promise would be awaited.
    return [answer];
  }

  release(): void {
    writeFileSync(join(this.directory, "released"), "");
  }
}
