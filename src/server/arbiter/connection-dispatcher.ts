// Dispatch mode: the arbiter accepts, and hands each connection to the worker that has the fewest. For long-lived connections: on a
// shared socket one worker takes most of a burst, because it accepts until the queue is empty.
import { createServer, type Server, type Socket } from "node:net";
import type { Listener } from "../sockets/listeners.ts";
import { emptyAndClose, setBacklog } from "../sockets/listen-queue.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Accepts connections for workers. */
export class ConnectionDispatcher {
  readonly #workers: () => Iterable<WorkerHandle>;
  #backlog: number;
  readonly #servers = new Map<Listener, Server>();
  /** Connections that found no worker. */
  #waiting: { socket: Socket; bind: string }[] = [];

  /** @param workers - all there are; those that serve are chosen from */
  constructor(workers: () => Iterable<WorkerHandle>, backlog: number) {
    this.#workers = workers;
    this.#backlog = backlog;
  }

  /** Accepts on these listeners, and no longer on those that are not among them. @param backlog - for those that stay, too */
  async update(listeners: readonly Listener[], backlog = this.#backlog): Promise<void> {
    if (backlog !== this.#backlog) for (const server of this.#servers.values()) setBacklog(server, backlog);
    this.#backlog = backlog;
    const removed = [...this.#servers.keys()].filter((listener) => !listeners.includes(listener));
    await Promise.all([
      ...removed.map((listener) => this.#close(listener, false)),
      ...listeners.filter((listener) => !this.#servers.has(listener)).map((listener) => this.#open(listener)),
    ]);
  }

  /** Hands out the connections that have waited for a worker. */
  workerCame(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { socket, bind } of waiting) this.#dispatch(socket, bind);
  }

  /** Accepts and hands out what is queued, then accepts no more. @param isLast - nobody else holds the sockets */
  async close(isLast: boolean): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((listener) => this.#close(listener, isLast)));
  }

  async #open(listener: Listener): Promise<void> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#dispatch(socket, listener.bind),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd: listener.fd }, this.#backlog, resolve);
    });
    listener.surrender();
    this.#servers.set(listener, server);
  }

  async #close(listener: Listener, isLast: boolean): Promise<void> {
    const server = this.#servers.get(listener);
    if (server === undefined) return;
    this.#servers.delete(listener);
    const tcp = listener.address.kind === "tcp" ? listener.address : null;
    const where = { path: null, tcp, isForeign: false };
    // Nothing is held back: what is accepted is handed out, and a worker answers it.
    await emptyAndClose({ hold: () => {}, release: () => {} }, server, where, isLast);
  }

  #dispatch(socket: Socket, bind: string): void {
    let chosen: WorkerHandle | null = null;
    for (const worker of this.#workers()) {
      if (worker.phase === "serving" && (chosen === null || worker.dispatched < chosen.dispatched)) chosen = worker;
    }
    if (chosen === null) {
      this.#waiting.push({ socket, bind });
      return;
    }
    const worker = chosen;
    worker.dispatched += 1;
    socket.on("error", () => {});
    worker.send({ type: "connection", bind }, socket, (error) => {
      if (error === null) return;
      worker.dispatched -= 1;
      socket.destroy();
    });
  }
}
