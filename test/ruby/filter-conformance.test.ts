// The conformance list for applications of ours below a filter in Ruby, which passes everything on, and has Rack's validator in it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestMiddleware } from "../../src/guests/lane/guest.ts";
import { rubyMiddleware } from "../../src/guests/ruby/ruby-middleware.ts";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { serveApplication } from "../python/serve-python.ts";
import { rubyWith } from "./ruby-with.ts";
import { APPS } from "./serve-ruby.ts";

/** What Rack cannot carry, and what Rack's validator hides. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "The reason of the status arrives": "a status of Rack is a number",
  "A list of one chunk gets its Content-Length": "Rack's validator hides that the body is a list",
};

const ruby = rubyWith("rack/lint");

describe.skipIf(ruby === undefined)("Applications of ours below a filter in Ruby", () => {
  let filter: GuestMiddleware;
  beforeAll(async () => {
    filter = rubyMiddleware({
      filter: { middleware: "LintAround", require: "./lint.rb" },
      directory: APPS,
      threads: 4,
      log: () => {},
    });
    await filter.ready;
  });
  afterAll(() => filter.close(1));

  const leftOut = runConformance(
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    (name, run) => name in DIFFERENT || test(name, run),
    {
      async serve(application: WSGIApplication) {
        const server = await serveApplication(filter(application));
        return { client: new TestClient(`http://127.0.0.1:${server.port}`), close: () => server.close() };
      },
    },
  );

  test("no case is left out", () => expect(leftOut).toEqual([]));

  test.each(Object.keys(DIFFERENT))("%s: not so in Ruby", (name) => {
    expect(conformanceCases.some((testCase) => testCase.name === name)).toBe(true);
  });
});
