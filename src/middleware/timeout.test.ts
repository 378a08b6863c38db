// Giving up: when, what the client sees, and what the application learns.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, StartResponse, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, timeout } from "./timeout.ts";

const TYPE: HeaderList = [["Content-Type", "text/plain"]];
const SHORT = 0.05;

const never = new Promise<never>(() => undefined);
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));

function client(application: WSGIApplication, seconds = SHORT): TestClient {
  return new TestClient(timeout({ seconds })(validator(application)), { raiseErrors: true });
}

describe("timeout answers 504 when there is", () => {
  test.each<[what: string, application: WSGIApplication]>([
    ["no answer at all", () => never],
    ["a head without a body", async (_environ, startResponse) => (startResponse("200 OK", TYPE), await never)],
    [
      "a body without a chunk",
      (_environ, startResponse) => {
        startResponse("200 OK", TYPE);
        return {
          async *[Symbol.asyncIterator]() {
            yield await never;
          },
        };
      },
    ],
  ])("%s", async (_, application) => {
    const response = await client(application).get("/");
    expect([response.status, response.text()]).toEqual([504, "Gateway Timeout\n"]);
  });
});

describe("timeout leaves alone", () => {
  test.each<[what: string, application: WSGIApplication]>([
    ["an answer in time", async (_environ, startResponse) => (startResponse("200 OK", TYPE), [Buffer.from("onetwo")])],
    ["a synchronous answer", (_environ, startResponse) => (startResponse("200 OK", TYPE), [Buffer.from("onetwo")])],
    [
      "a body that is slow after its first chunk",
      async function* slowly(_environ: WSGIEnvironment, startResponse: StartResponse) {
        startResponse("200 OK", TYPE);
        yield Buffer.from("one");
        await soon();
        yield Buffer.from("two");
      } as WSGIApplication,
    ],
    [
      "what has been written to",
      async (_environ, startResponse) => {
        await startResponse("200 OK", TYPE)(Buffer.from("one"));
        await soon();
        return [Buffer.from("two")];
      },
    ],
  ])("%s", async (_, application) => {
    const response = await client(application).get("/");
    expect([response.status, response.text(), response.isComplete]).toEqual([200, "onetwo", true]);
  });
});

test("timeout tells the application through its signal, and refuses what comes late", async () => {
  const seen: string[] = [];
  const late = new Promise<void>((resolve) => {
    const application: WSGIApplication = async (environ, startResponse) => {
      await new Promise((aborted) => environ["tsgi.signal"]?.addEventListener("abort", aborted));
      seen.push(String(environ["tsgi.signal"]?.reason.code));
      try {
        startResponse("200 OK", TYPE);
      } catch (error) {
        seen.push((error as Error).message);
      }
      return Object.assign([], {
        close() {
          seen.push("closed");
          resolve();
        },
      });
    };
    void new TestClient(timeout({ seconds: SHORT })(application))
      .get("/")
      .then(({ status }) => seen.push(String(status)));
  });
  await late;
  await soon();
  expect(seen.toSorted()).toEqual(
    ["504", "The application did not respond within 0.05 seconds", "ERR_TSGI_RESPONSE_TIMEOUT", "closed"].toSorted(),
  );
});

test("timeout still lets the client's leaving through", async () => {
  let reason = "";
  const application: WSGIApplication = async (environ) => {
    await new Promise((left) => environ["tsgi.signal"]?.addEventListener("abort", left));
    reason = String(environ["tsgi.signal"]?.reason);
    return [];
  };
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  await new TestClient(timeout({ seconds: 10 })(application))
    .get("/", { signal: controller.signal })
    .catch(() => undefined);
  expect(reason).toContain("disconnected");
});

test("timeout hands on what the application throws", async () => {
  const failing: WSGIApplication = async () => {
    throw new Error("broken");
  };
  await expect(client(failing, 10).get("/")).rejects.toThrow("broken");
});

test.each<[Record<string, string>, string]>([
  [{ seconds: "0" }, '"seconds" is 0'],
  [{ seconds: "soon" }, "expected a number"],
  [{ status: "200" }, '"status" is 200'],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});
