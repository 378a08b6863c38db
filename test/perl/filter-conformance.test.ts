// The conformance list for applications of ours below a filter in Perl, which passes everything on, and has Plack's validator in it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestMiddleware } from "../../src/guests/lane/guest.ts";
import { perlMiddleware } from "../../src/guests/perl/perl-middleware.ts";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { serveApplication } from "../python/serve-python.ts";
import { perlWith } from "./perl-with.ts";
import { APPS } from "./serve-perl.ts";

/** What PSGI cannot carry, and what Plack's validator refuses. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "The reason of the status arrives": "a status of PSGI is a number",
  "A method that the gateway does not know is the application's to judge": "Plack's validator wants capital letters",
};

const perl = perlWith("Plack::Middleware::Lint");

describe.skipIf(perl === undefined)("Applications of ours below a filter in Perl", () => {
  let filter: GuestMiddleware;
  beforeAll(async () => {
    filter = perlMiddleware({ filter: "identity.pl", directory: APPS, processes: 3, log: () => {} });
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

  test.each(Object.keys(DIFFERENT))("%s: not so in Perl", (name) => {
    expect(conformanceCases.some((testCase) => testCase.name === name)).toBe(true);
  });
});
