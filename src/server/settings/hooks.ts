// Functions of the configuration file which the server calls. Source: gunicorn's server hooks, in camelCase.
import type { SecureContextOptions } from "node:tls";
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";

/** The log, as hooks see it. */
export interface HookLog {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/** The arbiter, as hooks see it. */
export interface HookArbiter {
  readonly pid: number;
  readonly log: HookLog;
  /** How many workers there should be. */
  readonly workers: number;
}

/** A worker, as hooks see it: in the arbiter or in the worker itself. */
export interface HookWorker {
  /** 0 before the process exists. */
  readonly pid: number;
  /** Counted from 1 over the life of the server. */
  readonly id: number;
  readonly log: HookLog;
}

/** How a request was answered. */
export interface HookResponse {
  readonly status: number;
  readonly headers: HeaderList;
}

type Hook<Arguments extends unknown[]> = (...given: Arguments) => void | Promise<void>;

/** The hooks, each with its arguments. */
export interface Hooks {
  readonly onStarting?: Hook<[arbiter: HookArbiter]>;
  readonly whenReady?: Hook<[arbiter: HookArbiter]>;
  readonly onReload?: Hook<[arbiter: HookArbiter]>;
  readonly preExec?: Hook<[arbiter: HookArbiter]>;
  readonly nworkersChanged?: Hook<[arbiter: HookArbiter, wanted: number, before: number | null]>;
  readonly preFork?: Hook<[arbiter: HookArbiter, worker: HookWorker]>;
  readonly postFork?: Hook<[arbiter: HookArbiter, worker: HookWorker]>;
  readonly postWorkerInit?: Hook<[worker: HookWorker]>;
  readonly preRequest?: (worker: HookWorker, environ: WSGIEnvironment) => void;
  readonly postRequest?: (worker: HookWorker, environ: WSGIEnvironment, response: HookResponse) => void;
  readonly workerInt?: Hook<[worker: HookWorker]>;
  readonly workerExit?: Hook<[arbiter: HookArbiter | null, worker: HookWorker]>;
  readonly childExit?: Hook<[arbiter: HookArbiter, worker: HookWorker]>;
  readonly onExit?: Hook<[arbiter: HookArbiter]>;
  readonly sslContext?: (options: SecureContextOptions) => SecureContextOptions;
}

/** What is said about a hook. */
interface HookDeclaration {
  readonly parameters: string;
  /** The process that calls it. */
  readonly where: "arbiter" | "worker";
  readonly doc: string;
}

/** Every hook with its documentation. */
export const HOOKS = {
  onStarting: { parameters: "arbiter", where: "arbiter", doc: "Before anything is opened." },
  whenReady: { parameters: "arbiter", where: "arbiter", doc: "When the first workers serve." },
  onReload: { parameters: "arbiter", where: "arbiter", doc: "When a reload begins." },
  preExec: { parameters: "arbiter", where: "arbiter", doc: "Before a new arbiter is started for an upgrade (USR2)." },
  nworkersChanged: {
    parameters: "arbiter, wanted, before",
    where: "arbiter",
    doc: "When the wanted number of workers changes; `before` is null the first time.",
  },
  preFork: { parameters: "arbiter, worker", where: "arbiter", doc: "Before a worker process is started." },
  postFork: {
    parameters: "arbiter, worker",
    where: "arbiter",
    doc: "After a worker process was started. Unlike gunicorn's, it runs in the arbiter, because Node cannot fork.",
  },
  postWorkerInit: { parameters: "worker", where: "worker", doc: "When the application is loaded." },
  preRequest: { parameters: "worker, environ", where: "worker", doc: "Before the application is called." },
  postRequest: { parameters: "worker, environ, response", where: "worker", doc: "After the response was sent." },
  workerInt: { parameters: "worker", where: "worker", doc: "When the worker is told to end at once." },
  workerExit: { parameters: "arbiter, worker", where: "worker", doc: "When the worker ends; `arbiter` is null." },
  childExit: { parameters: "arbiter, worker", where: "arbiter", doc: "After a worker process has ended." },
  onExit: { parameters: "arbiter", where: "arbiter", doc: "When the server has ended." },
  sslContext: {
    parameters: "options",
    where: "worker",
    doc: "When TLS is set up; returns changed TLS options, for anything that no setting covers.",
  },
} as const satisfies Record<keyof Hooks, HookDeclaration>;

/** The name of a hook. */
export type HookName = keyof Hooks;
