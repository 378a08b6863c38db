// A head that waits, with what applications do meanwhile.
import { describe, expect, it } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import type { Middleware, WSGIApplication } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { DelayedResponse } from "./delayed-response.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Adds what came of the work, a turn of the event loop later. */
const delayed =
  (work: () => Promise<string> | null): Middleware =>
  (application) =>
    async function delay(environ, startResponse) {
      const response = new DelayedResponse(startResponse, work, (headers, result) =>
        headers.push(["X-Result", String(result)]),
      );
      return response.body(await application(environ, response.startResponse));
    };

const later = (): Promise<string> => new Promise((resolve) => setImmediate(resolve, "done"));
const never = (): Promise<string> => new Promise((_, reject) => setImmediate(reject, new Error("it failed")));
const clientOf = (work: () => Promise<string> | null, application: WSGIApplication): TestClient =>
  new TestClient(delayed(work)(application));

describe.each<[string, () => Promise<string> | null, string]>([
  ["waits", later, "done"],
  ["has nothing to wait for", () => null, "null"],
])("DelayedResponse that %s", (_, work, result) => {
  it.each<[string, WSGIApplication, status: number, text: string]>([
    [
      "an error in its place",
      (_environ, startResponse) => {
        startResponse("200 OK", PLAIN);
        const error = new Error("on second thoughts");
        startResponse("503 Service Unavailable", PLAIN, error);
        return [Buffer.from("sorry")];
      },
      503,
      "sorry",
    ],
    [
      "writes that nobody waits for",
      (_environ, startResponse) => {
        const write = startResponse("200 OK", PLAIN);
        void write(Buffer.from("one "));
        void write(Buffer.from("two "));
        return [Buffer.from("three")];
      },
      200,
      "one two three",
    ],
    [
      "a generator",
      function* lazy(_environ, startResponse) {
        startResponse("200 OK", PLAIN);
        yield Buffer.from("lazy");
      } as WSGIApplication,
      200,
      "lazy",
    ],
  ])("tells the head with %s", async (_what, application, status, text) => {
    const response = await clientOf(work, validator(application)).get("/");
    expect([response.status, response.text(), response.headers.get("X-Result")]).toEqual([status, text, result]);
  });

  it("lets nobody call startResponse twice", async () => {
    const { status, error } = await clientOf(work, (_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      startResponse("200 OK", PLAIN);
      return [];
    }).get("/");
    expect([status, String(error)]).toEqual([500, expect.stringMatching(/startResponse/)]);
  });
});

it("DelayedResponse answers with the error of its work, also where nobody waits for a write", async () => {
  let closes = 0;
  const { status, error } = await clientOf(never, (_environ, startResponse) => {
    void startResponse("200 OK", PLAIN)(Buffer.from("lost"));
    return Object.assign([Buffer.from("lost too")], { close: () => void (closes += 1) });
  }).get("/");
  expect([status, String(error), closes]).toEqual([500, "Error: it failed", 1]);
});
