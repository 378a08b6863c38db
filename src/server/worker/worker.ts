// A worker: the process that loads the application and answers requests on sockets which it inherited.
// Source: puma's cluster/worker; the messages and their order are in messages.ts.
import { livingGuestStats } from "../../guests/lane/living-guests.ts";
import { upstreamCounts } from "../../guests/upstream/upstream-meters.ts";
import type { Server, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { HttpGateway } from "../../gateways/http/gateway.ts";
import type { HttpServer } from "../../http/server.ts";
import { shareSecret } from "../../middleware/auth/shared-secret.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { dispatchOf } from "../settings/arbiter-options.ts";
import { callHook } from "../settings/call-hook.ts";
import { announceDrain } from "./drain-signal.ts";
import { describeBootFailure } from "./describe-boot-failure.ts";
import { emptyAndClose } from "../sockets/listen-queue.ts";
import { explain } from "../sockets/listeners.ts";
import { listRequests } from "./list-requests.ts";
import type { LoadedApplication } from "../loading/load-application.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import { RefusalLog } from "../logging/refusal-log.ts";
import { type ErrorOutput, type Logs, openErrorOutput, openLogs } from "../logging/open-logs.ts";
import { isArbiterMessage } from "../channel/message-rules.ts";
import type { ArbiterMessage, DrainMessage, SealMessage, WorkerMessage } from "../channel/messages.ts";
import { WorkerCounters } from "../metrics/worker-counters.ts";
import { COUNTED_LEVELS, type WorkerStats } from "../metrics/worker-stats.ts";
import { drawLimits, type RecyclingLimits, recycleReason } from "./recycling.ts";
import type { Hooks, HookWorker } from "../settings/hooks.ts";
import { mounted } from "./mounted.ts";
import { FIRST_LISTENER_FD, type WorkerConfig } from "../channel/worker-config.ts";
import { FrontListeners } from "./front-listeners.ts";
import { ReceivedSockets } from "./received-sockets.ts";
import { makeGateway, makeWorkerServer } from "./worker-server.ts";

const HEARTBEAT_MILLISECONDS = 1000;
/** Connections that have ended are reported together, so that bursts cost one message. */
const RELEASE_MILLISECONDS = 20;
/** Time for the last message to leave. */
const LAST_WORD_MILLISECONDS = 1000;

/** The worker of this process. */
export class Worker {
  readonly #config: WorkerConfig;
  readonly #output: ErrorOutput;
  readonly #log: ErrorLog;
  readonly #refusals: RefusalLog;
  readonly #counters = new WorkerCounters();
  readonly #limits: RecyclingLimits;
  readonly #startedAt = performance.now();
  readonly #listeners: Server[] = [];
  #hooks: Hooks = {};
  #logs: Logs | null = null;
  #tls: TlsOptions | null = null;
  #loaded: LoadedApplication | null = null;
  #gateway: HttpGateway | null = null;
  #server: HttpServer | null = null;
  /** Null where this process accepts for itself. */
  #received: ReceivedSockets | null = null;
  /** What is spoken at addresses where web servers in front connect. */
  #fronts: FrontListeners | null = null;
  #isRetiring = false;
  #draining: DrainMessage | null = null;
  /** When the time that everything may take is over, on the clock of `performance.now()`. */
  #endBy = 0;
  #released = 0;
  #isBooted = false;
  #sealed: () => void = () => {};
  #onServe: () => void = () => {};

  /** @param config - what the arbiter said */
  constructor(config: WorkerConfig) {
    this.#config = config;
    this.#output = openErrorOutput(config.options);
    this.#log = this.#output.log;
    this.#refusals = new RefusalLog(this.#log);
    this.#limits = drawLimits(config.options, Math.random());
  }

  /** Boots and serves. Resolves when it accepts connections; ends the process when it cannot. */
  async run(): Promise<void> {
    this.#listenToArbiter();
    try {
      await this.#boot();
    } catch (error) {
      this.#failBoot(error);
      return;
    }
    this.#isBooted = true;
    const bootSeconds = (performance.now() - this.#startedAt) / 1000;
    const files = this.#config.options.reload ? await this.#loaded?.files?.() : undefined;
    this.#send({ type: "ready", pid: process.pid, bootSeconds, files: files ?? [] });
    if (this.#config.isHeld) await new Promise<void>((resolve) => (this.#onServe = resolve));
    try {
      await this.#serve();
    } catch (error) {
      this.#failBoot(error);
    }
  }

  get #asHookWorker(): HookWorker {
    return { pid: process.pid, id: this.#config.id, log: this.#log };
  }

  async #boot(): Promise<void> {
    const { options } = this.#config;
    if (options.configFile !== null) {
      const { readConfigFile } = await import("../settings/config-file.ts");
      this.#hooks = (await readConfigFile(options.configFile, process.cwd())).hooks;
    }
    // Logs and keys may be readable for root alone.
    this.#logs = openLogs(options, this.#output);
    if (options.certfile !== null) {
      const { tlsContext } = await import("./tls-context.ts");
      this.#tls = tlsContext(options, this.#hooks.sslContext);
    }
    if (options.umask !== null) process.umask(options.umask);
    if (options.user !== null || options.group !== null) {
      const { takeIdentity } = await import("../loading/privileges.ts");
      takeIdentity(options);
    }
    shareSecret(this.#config.secret);
    const { loadApplication } = await import("../loading/load-application.ts");
    this.#loaded = await loadApplication(options.target, options, this.#log);
    const application = mounted(this.#loaded.application, options);
    await callHook(this.#hooks.postWorkerInit, "postWorkerInit", this.#log, this.#asHookWorker);
    if (options.warmup !== null) {
      const { warmUp } = await import("./warm-up.ts");
      const { warmup: target, scriptName, certfile } = options;
      await warmUp(application, { target, scriptName, isSecure: certfile !== null }, this.#log.toErrorStream());
    }
    this.#gateway = makeGateway(application, options, {
      log: this.#log,
      refusals: this.#refusals,
      logAccess: this.#logs.logAccess,
      counters: this.#counters,
      hooks: this.#hooks,
      hookWorker: this.#asHookWorker,
      begun: (requestCount) => {
        if (requestCount === this.#limits.requests) this.#retire("max-requests");
      },
      timedOut: (environ, elapsedSeconds) => this.#reportTimeOut(environ, elapsedSeconds),
    });
    this.#server = makeWorkerServer(this.#gateway, options);
  }

  async #serve(): Promise<void> {
    const { options, listeners } = this.#config;
    const server = this.#server as HttpServer; // made by #boot
    const dispatch = dispatchOf(options);
    this.#fronts = await FrontListeners.open(listeners, (this.#gateway as HttpGateway).calls, options, this.#refusals);
    if (dispatch === "dispatch") this.#received = new ReceivedSockets(server, this.#tls, () => this.#countRelease());
    else {
      const opened = listeners.map(({ tcp, bind }, index) => {
        const where =
          dispatch === "reuse-port" && tcp !== null
            ? { ...tcp, reusePort: true, backlog: options.backlog }
            : { fd: FIRST_LISTENER_FD + index, backlog: options.backlog };
        return server.listen(where, this.#tls, this.#fronts?.protocolOf(bind)).catch((error: unknown) => {
          throw explain(error, tcp === null ? `descriptor ${FIRST_LISTENER_FD + index}` : `${tcp.host}:${tcp.port}`);
        });
      });
      this.#listeners.push(...(await Promise.all(opened)));
    }
    this.#send({ type: "serving" });
    setInterval(() => this.#beat(), HEARTBEAT_MILLISECONDS).unref();
    if (options.heartbeatTimeout > 0) {
      const { watchEventLoop } = await import("./event-loop-watch.ts");
      watchEventLoop(options);
    }
  }

  #listenToArbiter(): void {
    process.on("message", (message: unknown, handle: unknown) => {
      if (isArbiterMessage(message)) this.#take(message, handle);
    });
    // Without an arbiter nobody replaces, reloads or stops this process.
    process.on("disconnect", () => {
      if (!this.#isBooted) process.exit(0);
      this.#log.warning("The arbiter has ended; the worker completes its requests and exits");
      void this.#drain({
        type: "drain",
        gracefulSeconds: this.#config.options.gracefulTimeout,
        idleSeconds: 1,
        isQueueKept: false,
      });
      this.#seal({ type: "seal", isLast: true, kept: [] });
    });
    process.on("SIGTERM", () => this.#retire("signal"));
    process.on("SIGQUIT", () => void this.#quit());
    process.on("SIGUSR1", () => this.#reopenLogs());
    process.on("uncaughtException", (error) => this.#survive(error));
  }

  #take(message: ArbiterMessage, handle: unknown): void {
    switch (message.type) {
      case "serve":
        this.#onServe();
        return;
      case "drain":
        void this.#drain(message);
        return;
      case "seal":
        this.#seal(message);
        return;
      case "reopen-logs":
        this.#reopenLogs();
        return;
      case "quit":
        void this.#quit();
        return;
      case "connection":
        this.#accept(handle as Socket | undefined, message.bind);
        return;
      case "snapshot":
        this.#beat();
        return;
      case "list-requests":
        this.#send(listRequests(this.#gateway?.requestsInFlight() ?? [], this.#loaded?.requestsInHand?.()));
        return;
      default:
        message satisfies never;
    }
  }

  /** A connection that the arbiter has accepted. It may have ended on its way. */
  #accept(socket: Socket | undefined, bind: string): void {
    if (socket === undefined || socket.destroyed) {
      this.#countRelease();
      return;
    }
    this.#received?.receive(socket, this.#fronts?.protocolOf(bind) ?? null);
  }

  #retire(reason: "max-requests" | "age" | "memory" | "signal" | "exception"): void {
    if (!this.#isBooted) process.exit(0);
    if (this.#isRetiring || this.#draining !== null) return;
    this.#isRetiring = true;
    this.#send({ type: "retire", reason });
  }

  /** What the application did not catch ends this worker, but not the requests beside it: a successor comes first. */
  #survive(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!this.#isBooted) {
      this.#failBoot(error);
      return;
    }
    this.#log.error(`Uncaught exception; the worker will be replaced: ${text}`);
    this.#retire("exception");
  }

  #beat(): void {
    const stats = this.#stats();
    this.#send({ type: "heartbeat", stats });
    const ageSeconds = (performance.now() - this.#startedAt) / 1000;
    const use = { requests: this.#gateway?.requestCount ?? 0, ageSeconds, rssBytes: stats.rssBytes };
    const reason = recycleReason(use, this.#limits);
    if (reason !== null) this.#retire(reason);
  }

  #stats(): WorkerStats {
    return this.#counters.snapshot({
      inFlight: this.#gateway?.inFlight ?? 0,
      connections: this.#server?.connectionCount ?? 0,
      logged: COUNTED_LEVELS.map((level) => this.#log.counts[level]),
      guests: livingGuestStats(),
      upstreams: upstreamCounts(),
    });
  }

  #reportTimeOut(environ: WSGIEnvironment, elapsedSeconds: number): void {
    const requestId = environ[TSGI_REQUEST_ID] as string; // given by the gateway
    const { REQUEST_METHOD: method, REQUEST_URI: path = environ.PATH_INFO } = environ;
    this.#log.error(
      `Request timed out: ${JSON.stringify(`${method} ${path}`)} id=${requestId} ` +
        `elapsed=${elapsedSeconds.toFixed(3)}s worker=${process.pid} bytes_in=${environ.CONTENT_LENGTH ?? "0"} bytes_out=0 ` +
        `from=${environ.REMOTE_ADDR ?? "-"}; the event loop is free, so the application is waiting for something`,
    );
    this.#send({ type: "timed-out", method, path, requestId, elapsedSeconds });
  }

  #reopenLogs(): void {
    this.#logs?.reopen();
  }

  #countRelease(): void {
    if (this.#released++ > 0) return;
    setTimeout(() => {
      this.#send({ type: "released", count: this.#released });
      this.#released = 0;
    }, RELEASE_MILLISECONDS);
  }

  async #drain(message: DrainMessage): Promise<void> {
    const server = this.#server;
    if (this.#draining !== null) return;
    this.#draining = message;
    if (server === null) process.exit(0);
    const { gracefulSeconds, idleSeconds, isQueueKept } = message;
    const deadline = performance.now() + gracefulSeconds * 1000;
    // The end of Python processes is not cut short where requests are, at a quick stop: who does not want to wait asks twice.
    this.#endBy = Math.max(deadline, performance.now() + this.#config.options.gracefulTimeout * 1000);
    server.beginDrain(idleSeconds);
    announceDrain();
    if (isQueueKept) for (const listener of this.#listeners) listener.close();
    else await new Promise<void>((resolve) => (this.#sealed = resolve));
    const graceLeft = Math.max(0, (deadline - performance.now()) / 1000);
    const drained = server.drain(idleSeconds, graceLeft);
    // Where idle connections are not to stay, they have been ended by now: whoever hears this meets no old code any more.
    this.#send({ type: "listeners-closed" });
    await drained;
    await this.#end("drained");
  }

  #seal({ isLast, kept }: SealMessage): void {
    const server = this.#server;
    if (server === null || this.#draining === null) return;
    const closed = this.#listeners.map((listener, index) => {
      const where = this.#config.listeners[index] as WorkerConfig["listeners"][number]; // one for one
      return emptyAndClose(server, listener, where, isLast && !where.isForeign && !kept.includes(where.bind));
    });
    void Promise.all(closed).then(() => this.#sealed());
  }

  async #end(how: "drained" | "quit"): Promise<never> {
    if (how === "drained") this.#send({ type: "ending" });
    this.#refusals.close();
    await callHook(this.#hooks.workerExit, "workerExit", this.#log, null, this.#asHookWorker);
    const secondsLeft = how === "quit" ? 0 : Math.max(0, (this.#endBy - performance.now()) / 1000);
    await this.#loaded?.close(secondsLeft).catch(() => {});
    const exit = (): never => process.exit(0);
    if (how === "quit" || !process.connected) exit();
    setTimeout(exit, LAST_WORD_MILLISECONDS);
    // The last counts: a dead worker's requests stay in the sums.
    this.#send({ type: "heartbeat", stats: this.#stats() });
    process.send?.({ type: "drained" } satisfies WorkerMessage, exit);
    return await new Promise<never>(() => {});
  }

  async #quit(): Promise<void> {
    setTimeout(() => process.exit(0), LAST_WORD_MILLISECONDS).unref();
    await callHook(this.#hooks.workerInt, "workerInt", this.#log, this.#asHookWorker);
    this.#server?.destroy();
    await this.#end("quit");
  }

  #failBoot(error: unknown): void {
    const failure = describeBootFailure(error);
    const exit = (): never => process.exit(failure.exitCode);
    if (process.send === undefined) {
      this.#log.critical(failure.message);
      exit();
    }
    process.send?.(failure, exit);
    setTimeout(exit, LAST_WORD_MILLISECONDS);
  }

  #send(message: WorkerMessage): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }
}
