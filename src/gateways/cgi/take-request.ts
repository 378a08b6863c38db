// The CGI request that this process was started for.
import type { CGIRequest } from "./answer-cgi.ts";
import { requestVariables } from "./cgi-variables.ts";
import { endProcess, takeOutput } from "./process-streams.ts";
import { forgetRequest, processVariables } from "./process-variables.ts";

/** A request with what is to be done when it is answered. */
export interface TakenRequest {
  readonly request: CGIRequest;
  /** Lets the process end. @param exitCode - of the process */
  end(exitCode: number): void;
}

/**
 * Takes the request out of this process: its variables out of the environment, and standard output for the answer. To be called once, before
 * anything of the application is loaded that reads the environment or prints.
 *
 * @returns null when the process was not started for a request
 */
export function takeRequest(): TakenRequest | null {
  const variables = requestVariables(processVariables());
  if (!variables.some(([name]) => name === "REQUEST_METHOD")) return null;
  forgetRequest();
  let hasInput = false;
  const controller = new AbortController();
  process.once("SIGTERM", () => controller.abort(new Error("The process was sent SIGTERM")));
  const input = () => {
    hasInput = true;
    return process.stdin;
  };
  return {
    request: { variables, input, output: takeOutput(), signal: controller.signal },
    end: (exitCode) => endProcess(exitCode, hasInput),
  };
}
