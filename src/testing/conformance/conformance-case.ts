// What one case of the conformance list is, and small helpers that its applications share.
// Source: Plack::Test::Suite for the idea of one list for every gateway.

import type { Bytes, HeaderList, WSGIApplication, WSGIApplicationLike, WSGIEnvironment } from "../../wsgi/types.ts";
import type { TestClient } from "../test-client.ts";

/**
 * Features that a gateway may lack because of its protocol or process model:
 * - `shared-memory`: all requests reach the same instance of the application
 * - `streaming`: a chunk reaches the client before the next one exists
 * - `chunked-upload`: a request body may come without a length
 * - `early-answer`: the request body goes on arriving when the answer has begun
 * - `client-leaves`: the application learns that the client has disconnected
 * - `break-off`: a response that fails after its first byte does not look complete
 * - `early-hints`: 103 responses reach the client
 * - `reason-phrase`: the reason of the status reaches the client
 */
export type ConformanceFeature =
  | "shared-memory"
  | "streaming"
  | "chunked-upload"
  | "early-answer"
  | "client-leaves"
  | "break-off"
  | "early-hints"
  | "reason-phrase";

/** One case: an application, and a client that sends requests and checks the responses. */
export interface ConformanceCase {
  /** A sentence that is true of a gateway that conforms. */
  readonly name: string;
  readonly app: WSGIApplicationLike;
  /** Sends requests to the application, and throws an AssertionError if a response is wrong. It can run many times. */
  exercise(client: TestClient): Promise<void>;
  /** Features that a gateway needs for this case. @default none */
  readonly needs?: readonly ConformanceFeature[];
  /** The application breaks the contract on purpose, so the validator must not wrap it. @default false */
  readonly breaksContract?: boolean;
}

export const PLAIN: [name: string, value: string] = ["Content-Type", "text/plain; charset=utf-8"];

/** An application that always gives the same answer; `body` is made anew for each request. */
export function answering(
  status: string,
  headers: HeaderList,
  body: (environ: WSGIEnvironment) => ReturnType<WSGIApplication> = () => [],
): WSGIApplication {
  return function answer(environ, startResponse) {
    startResponse(
      status,
      headers.map(([name, value]) => [name, value]),
    );
    return body(environ);
  };
}

/** An application that answers with what `value` gives, as JSON. */
export function answeringJson(value: (environ: WSGIEnvironment) => unknown): WSGIApplication {
  return async function answerJson(environ, startResponse) {
    const text = JSON.stringify(await value(environ));
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [bytes(text)];
  };
}

/** Text as UTF-8. */
export function bytes(text: string): Bytes {
  return Buffer.from(text);
}

/** Asks again, a turn later each time, until the answer is as wanted; what a server does after an answer takes it a moment. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let attempt = 0; attempt < 200 && !isWanted(answer); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    answer = await ask();
  }
  return answer;
}
