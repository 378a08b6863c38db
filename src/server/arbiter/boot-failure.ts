// What is said of workers that did not come up and could not say it themselves.
import { SERVER_EXIT_CODES } from "../errors.ts";
import type { BootFailedMessage } from "../channel/messages.ts";
import type { WorkerExit, WorkerHandle } from "./worker-handle.ts";

/** Of a worker that has ended without a word. */
export function lostWorker({ bootSeconds }: WorkerHandle, { code, signal }: WorkerExit): BootFailedMessage {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const when = bootSeconds === null ? "while it loaded the application" : "after it had loaded the application";
  return bootFailure(`A worker ended with ${how} ${when}`);
}

/** Of a worker that took too long. */
export function bootTimedOut(seconds: number): BootFailedMessage {
  return bootFailure(`A worker did not load the application within ${seconds} seconds (--boot-timeout)`);
}

/** Of a worker whose process the system did not start, for want of descriptors or memory. */
export function notStarted({ message }: Error): BootFailedMessage {
  return bootFailure(`Its process could not be started: ${message}`);
}

function bootFailure(message: string): BootFailedMessage {
  return { type: "boot-failed", stage: "boot", message, detail: "", exitCode: SERVER_EXIT_CODES.boot, code: "" };
}
