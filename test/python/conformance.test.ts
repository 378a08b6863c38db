// The conformance list for a Python application: each case's application is written in Python (apps/conformance.py), under
// wsgiref.validate, and the client is the same that judges applications in TypeScript.
import { doesNotMatch } from "node:assert/strict";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { Middleware } from "../../src/wsgi/types.ts";
import { servePython, type Served } from "./serve-python.ts";

/** Where a Python application is answered otherwise, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'The header ["Connection","close"] gives a 500': "dropped with a warning, as gunicorn does: Python programs send it",
  'The header ["Transfer-Encoding","chunked"] gives a 500':
    "dropped with a warning, as gunicorn does: Python programs send it",
};
/** Two requests of it run at a time. */
const NEEDS_THREADS = "A chunk reaches the client before the next one exists";
/** What wsgiref.validate says when it has something to say. */
const COMPLAINT = /AssertionError|WSGIWarning|garbage collected/;

describe.each([
  { name: "one thread", options: { threads: 1 } },
  { name: "threads", options: { threads: 4 } },
  { name: "preloaded and forked", options: { threads: 4, preload: true } },
])("A Python application, $name", ({ options }) => {
  let served: Served;
  let current = "";
  /** Requests whose client has left, by the key of their query. */
  const signals = new Map<string, number>();

  /** Names the case, and tells Python what only this side knows. */
  const named: Middleware = (application) => (environ, startResponse) => {
    const key = environ.QUERY_STRING;
    environ["conformance.case"] = encodeURIComponent(current);
    environ["conformance.signals"] = String(signals.get(key) ?? 0);
    environ["tsgi.signal"]?.addEventListener("abort", () => signals.set(key, (signals.get(key) ?? 0) + 1));
    return application(environ, startResponse);
  };

  beforeAll(async () => {
    served = await servePython({ target: "conformance:application", ...options }, named);
  });
  afterAll(async () => {
    await served.close();
    // What the validator writes to stderr, at whatever time.
    doesNotMatch(served.output.map(({ text }) => text).join("\n"), COMPLAINT);
  });

  const register = (name: string, run: () => Promise<void>): void => {
    if (DIFFERENT[name] !== undefined || (name === NEEDS_THREADS && options.threads === 1)) return;
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    test(name, run);
  };

  const leftOut = runConformance(register, {
    serve(_application, testCase) {
      current = testCase.name;
      served.errors.text = "";
      return {
        client: new TestClient(`http://127.0.0.1:${served.port}`),
        close() {
          if (testCase.breaksContract !== true) doesNotMatch(served.errors.text, COMPLAINT);
        },
      };
    },
  });

  test("no case is left out", () => expect(leftOut).toEqual([]));

  test.each(Object.keys(DIFFERENT))("%s: not so in Python, where it is dropped", async (name) => {
    expect(conformanceCases.some((testCase) => testCase.name === name)).toBe(true);
    current = name;
    expect(await served.get("/")).toMatchObject({ status: 200, text: "x" });
  });
});
