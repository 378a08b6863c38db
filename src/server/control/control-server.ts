// The control socket: who may open the file may steer the server. Off unless asked for, and for its owner only.
import { createServer, type Server, type Socket } from "node:net";
import type { ArbiterControl, ArbiterService } from "./arbiter-control.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  MAX_CONTROL_LINE,
  readControlRequest,
  type Shown,
} from "./control-protocol.ts";
import { messageOf } from "../errors.ts";
import { listenPrivately } from "../sockets/listen-privately.ts";
import { totalStats } from "../metrics/server-metrics.ts";
import { statsDocument } from "./stats-server.ts";

const SOCKET_MODE = 0o600;
const REFRESH_SECONDS = 0.5;
/** Time for answers when the socket closes. */
const LAST_ANSWER_MILLISECONDS = 1000;

/** Serves the commands of `tsgi ctl`. */
export class ControlServer implements ArbiterService {
  readonly #path: string;
  readonly #showConfig: () => unknown;
  /** With the answers that each waits for. */
  readonly #sockets = new Map<Socket, Promise<void>>();
  #server: Server | null = null;

  /**
   * @param path - of the unix socket
   * @param showConfig - gives what `show config` shows
   */
  constructor(path: string, showConfig: () => unknown) {
    this.#path = path;
    this.#showConfig = showConfig;
  }

  /** Says where it listens. */
  get announcement(): string {
    return `Control socket at: unix:${this.#path}`;
  }

  async start(control: ArbiterControl): Promise<void> {
    const server = createServer((socket) => this.#serve(socket, control));
    this.#server = server;
    await listenPrivately(server, `unix:${this.#path}`, SOCKET_MODE);
    server.unref();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server?.listening !== true) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      // Whoever has asked for a stop, or for the reload that closes this socket, gets the answer first.
      for (const [socket, answered] of this.#sockets) void answered.then(() => socket.destroySoon());
      setTimeout(resolve, LAST_ANSWER_MILLISECONDS).unref();
    });
  }

  #serve(socket: Socket, control: ArbiterControl): void {
    this.#sockets.set(socket, Promise.resolve());
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: string) => {
      text += chunk;
      // What has no end of line yet is not looked at again and again.
      if (!chunk.includes("\n") && text.length <= MAX_CONTROL_LINE) return;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      if (text.length > MAX_CONTROL_LINE) socket.destroy();
      for (const line of lines) {
        const before = this.#sockets.get(socket) ?? Promise.resolve();
        this.#sockets.set(
          socket,
          before.then(() => this.#answer(socket, control, line)),
        );
      }
    });
  }

  async #answer(socket: Socket, control: ArbiterControl, line: string): Promise<void> {
    let answer: ControlAnswer;
    try {
      const request = readControlRequest(JSON.parse(line));
      answer = typeof request === "string" ? { ok: false, error: request } : await this.#do(request, control);
    } catch (error) {
      answer = { ok: false, error: messageOf(error) };
    }
    if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
  }

  async #do(request: ControlRequest, control: ArbiterControl): Promise<ControlAnswer> {
    switch (request.command) {
      case "show":
        if (request.what === "requests") return { ok: true, result: await control.requests(REFRESH_SECONDS) };
        await control.refresh(REFRESH_SECONDS);
        return { ok: true, result: this.#show(request.what, control) };
      case "reload":
        return await reload(request.isWaiting, control);
      case "worker-add":
        return { ok: true, result: { workers: control.addWorkers(request.count) } };
      case "worker-remove":
        return { ok: true, result: { workers: control.removeWorkers(request.count) } };
      case "worker-kill":
        return control.killWorker(request.pid)
          ? { ok: true, result: { killed: request.pid } }
          : { ok: false, error: `No worker has the process id ${request.pid}` };
      case "reopen":
        control.reopenLogs();
        return { ok: true, result: "Logs are reopened" };
      case "stop":
        control.stop(request.isQuick ? "quick" : "graceful");
        return { ok: true, result: "The server stops" };
      default:
        return request satisfies never;
    }
  }

  #show(what: Exclude<Shown, "requests">, control: ArbiterControl): unknown {
    const snapshot = control.snapshot();
    const parts = {
      workers: snapshot.workers,
      config: this.#showConfig(),
      stats: totalStats(snapshot),
      listeners: snapshot.listeners,
    };
    return what === "all" ? { ...statsDocument(snapshot), config: this.#showConfig() } : parts[what];
  }
}

async function reload(isWaiting: boolean, control: ArbiterControl): Promise<ControlAnswer> {
  const outcome = control.reload();
  if (isWaiting) return { ok: true, reload: await outcome };
  // The log says how it ends.
  outcome.catch(() => {});
  return { ok: true, result: "The server reloads" };
}
