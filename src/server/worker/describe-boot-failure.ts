// What a worker says when it cannot boot.
import { detailOf, messageOf, SERVER_EXIT_CODES, ServerError } from "../errors.ts";
import type { BootFailedMessage } from "../channel/messages.ts";

/** The error as the arbiter tells it. */
export function describeBootFailure(error: unknown): BootFailedMessage {
  const known = error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
  const exitCode = known ? (error.exitCode as number) : SERVER_EXIT_CODES.boot;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const stage = error instanceof ServerError || !known ? "boot" : "app";
  const text = known || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  const detail = known ? detailOf(error) : "";
  return { type: "boot-failed", stage, message: text, detail, exitCode, code };
}
