// Which messages between arbiter and worker count: those of the right shape, at a time when they may come. The application shares the
// channel (`process.send`), and what it sends must neither end the arbiter nor change what it believes of a worker.
import type { WorkerPhase } from "../metrics/arbiter-snapshot.ts";
import {
  type ArbiterMessage,
  BOOT_STAGES,
  LISTED_CHARACTERS,
  LISTED_REQUESTS,
  REQUEST_STATES,
  type RequestInHand,
  RETIRE_REASONS,
  type WorkerMessage,
} from "./messages.ts";
import { isWorkerStats } from "../metrics/worker-stats.ts";

type Check = (value: unknown) => boolean;

/** A check for each field of a message beside its type. */
type FieldChecks<Message> = { readonly [Field in Exclude<keyof Message, "type">]-?: Check };

type OfType<Message extends { type: string }, Type extends Message["type"]> = Extract<Message, { type: Type }>;

const isSeconds: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isTextList: Check = (value) => Array.isArray(value) && value.every(isText);
const isOneOf =
  (allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value);

const isShortText: Check = (value) => typeof value === "string" && value.length <= LISTED_CHARACTERS;

const REQUEST_FIELDS: { readonly [Field in keyof RequestInHand]: Check } = {
  ageSeconds: isSeconds,
  method: isShortText,
  path: isShortText,
  state: isOneOf(REQUEST_STATES),
  python: (value) => value === null || isCount(value),
  requestId: isShortText,
};
const isRequestList: Check = (value) =>
  Array.isArray(value) &&
  value.length <= LISTED_REQUESTS &&
  value.every((entry) => typeof entry === "object" && entry !== null && hasFields(entry, REQUEST_FIELDS));

/** What a worker may say in which of its phases, as the arbiter knows them. */
const WORKER_RULES: {
  readonly [Type in WorkerMessage["type"]]: {
    readonly phases: readonly WorkerPhase[];
    readonly fields: FieldChecks<OfType<WorkerMessage, Type>>;
  };
} = {
  ready: { phases: ["booting"], fields: { pid: isCount, bootSeconds: isSeconds, files: isTextList } },
  serving: { phases: ["ready"], fields: {} },
  "boot-failed": {
    phases: ["booting", "ready"],
    fields: { stage: isOneOf(BOOT_STAGES), message: isText, detail: isText, exitCode: isCount, code: isText },
  },
  heartbeat: { phases: ["ready", "serving", "draining"], fields: { stats: isWorkerStats } },
  retire: { phases: ["ready", "serving"], fields: { reason: isOneOf(RETIRE_REASONS) } },
  "listeners-closed": { phases: ["draining"], fields: {} },
  ending: { phases: ["draining"], fields: {} },
  drained: { phases: ["draining"], fields: {} },
  "timed-out": {
    phases: ["serving", "draining"],
    fields: { method: isText, path: isText, requestId: isText, elapsedSeconds: isSeconds },
  },
  requests: { phases: ["serving", "draining"], fields: { requests: isRequestList, leftOut: isCount } },
  released: { phases: ["serving", "draining"], fields: { count: isCount } },
};

const ARBITER_RULES: {
  readonly [Type in ArbiterMessage["type"]]: { readonly fields: FieldChecks<OfType<ArbiterMessage, Type>> };
} = {
  serve: { fields: {} },
  drain: { fields: { gracefulSeconds: isSeconds, idleSeconds: isSeconds, isQueueKept: isFlag } },
  seal: { fields: { isLast: isFlag, kept: isTextList } },
  "reopen-logs": { fields: {} },
  quit: { fields: {} },
  connection: { fields: { bind: isText } },
  snapshot: { fields: {} },
  "list-requests": { fields: {} },
};

/**
 * Whether a message from a worker's process is one that the arbiter acts on.
 *
 * @param message - as it came through the channel
 * @param phase - of that worker, as the arbiter knows it
 * @param pid - of that worker's process, which `ready` must name
 */
export function isWorkerMessage(message: unknown, phase: WorkerPhase, pid: number): message is WorkerMessage {
  const rule = ruleFor(WORKER_RULES, message);
  if (rule === undefined || !rule.phases.includes(phase) || !hasFields(message, rule.fields)) return false;
  return (message as WorkerMessage).type !== "ready" || (message as { pid: number }).pid === pid;
}

/** Whether a message from the parent process is one that the worker acts on. @param message - as it came through the channel */
export function isArbiterMessage(message: unknown): message is ArbiterMessage {
  const rule = ruleFor(ARBITER_RULES, message);
  return rule !== undefined && hasFields(message, rule.fields);
}

/** @returns the rule for the message's type; undefined where there is none. Names of `Object.prototype` are no types. */
function ruleFor<Rule>(rules: Readonly<Record<string, Rule>>, message: unknown): Rule | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  const { type } = message;
  return typeof type === "string" && Object.hasOwn(rules, type) ? rules[type] : undefined;
}

function hasFields(message: unknown, fields: Readonly<Record<string, Check>>): boolean {
  const given = message as Readonly<Record<string, unknown>>; // an object, says ruleFor
  return Object.entries(fields).every(([name, check]) => check(given[name]));
}
