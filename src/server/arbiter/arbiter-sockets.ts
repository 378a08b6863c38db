// The sockets of the arbiter: those that it opens, those that it was handed, and in dispatch mode the accepting on them.
import { type ArbiterOptions, dispatchOf } from "../settings/arbiter-options.ts";
import { canReusePort } from "../sockets/bound-socket.ts";
import type { ConnectionDispatcher } from "./connection-dispatcher.ts";
import { SettingError } from "../errors.ts";
import { type InheritedSocket, type Listener, type ListenerOptions, openListeners } from "../sockets/listeners.ts";
import { takeActivatedSockets } from "./systemd.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Opens sockets. Made once, since it takes what was handed over out of the environment. */
export class ArbiterSockets {
  readonly #inherited: readonly InheritedSocket[];
  readonly #activated = takeActivatedSockets();
  #dispatcher: ConnectionDispatcher | null = null;

  /** @param inherited - from an arbiter that this one is to replace */
  constructor(inherited: readonly InheritedSocket[]) {
    this.#inherited = inherited;
  }

  /** True when systemd has opened the sockets. */
  get areActivated(): boolean {
    return this.#activated.length > 0;
  }

  /** Opens the sockets of a server that starts. @throws ListenError or SettingError */
  async open(options: ArbiterOptions): Promise<readonly Listener[]> {
    const handed = [...this.#inherited, ...this.#activated];
    // What was handed over stands in for all others.
    const binds = handed.length > 0 ? handed.map(({ bind }) => bind) : options.bind;
    return await openListeners(binds, await listenerOptions(options), handed);
  }

  /**
   * Opens what is missing for a reload.
   *
   * @param current - sockets that are open; those whose address stays are kept
   * @throws ListenError or SettingError
   */
  async reopen(
    options: ArbiterOptions,
    current: readonly Listener[],
  ): Promise<{ all: readonly Listener[]; opened: readonly Listener[] }> {
    const known = new Map(current.map((listener) => [listener.bind, listener]));
    const missing = options.bind.filter((bind) => !known.has(bind));
    const opened = await openListeners(missing, await listenerOptions(options));
    const fresh = new Map(opened.map((listener) => [listener.bind, listener]));
    return { all: options.bind.flatMap((bind) => known.get(bind) ?? fresh.get(bind) ?? []), opened };
  }

  /** In dispatch mode: accepts on these sockets, and no longer on others. @param workers - to choose from */
  async accept(
    options: ArbiterOptions,
    listeners: readonly Listener[],
    workers: ReadonlySet<WorkerHandle>,
  ): Promise<void> {
    if (dispatchOf(options) !== "dispatch") return;
    if (this.#dispatcher === null) {
      const { ConnectionDispatcher: Accepting } = await import("./connection-dispatcher.ts");
      this.#dispatcher = new Accepting(() => workers, options.backlog);
    }
    await this.#dispatcher.update(listeners, options.backlog);
  }

  /** In dispatch mode: hands out the connections that have waited for a worker. */
  workerCame(): void {
    this.#dispatcher?.workerCame();
  }

  /** In dispatch mode: hands out what is queued and accepts no more. @param isLast - nobody else holds the sockets */
  async stopAccepting(isLast: boolean): Promise<void> {
    await this.#dispatcher?.close(isLast);
  }
}

async function listenerOptions(options: ArbiterOptions): Promise<ListenerOptions> {
  const isReusable = dispatchOf(options) === "reuse-port";
  if (isReusable && !canReusePort()) {
    throw new SettingError(
      `Cannot use --dispatch reuse-port: it needs Node 22.12 or later, and this is Node ${process.versions.node}`,
    );
  }
  if (options.user === null && options.group === null) return { isReusable, umask: options.umask };
  const { findIdentity } = await import("../../identity.ts");
  const { uid, gid } = findIdentity(options.user, options.group);
  return { isReusable, umask: options.umask, uid, gid };
}
