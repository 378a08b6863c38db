// The conformance list for applications of ours below a filter of another language, which passes everything on.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GuestMiddleware } from "../../src/guests/lane/guest.ts";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { serveApplication } from "../python/serve-python.ts";

/**
 * Registers the cases.
 *
 * @param makeFilter - starts the filter
 * @param different - cases that end otherwise below it, and why
 */
export function testBelowFilter(makeFilter: () => GuestMiddleware, different: Readonly<Record<string, string>>): void {
  let filter: GuestMiddleware;
  beforeAll(async () => {
    filter = makeFilter();
    await filter.ready;
  });
  afterAll(() => filter.close(1));

  const leftOut = runConformance(
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    (name, run) => name in different || test(name, run),
    {
      async serve(application) {
        const server = await serveApplication(filter(application));
        return { client: new TestClient(`http://127.0.0.1:${server.port}`), close: () => server.close() };
      },
    },
  );

  test("no case is left out", () => expect(leftOut).toEqual([]));

  test.each(Object.keys(different))("%s: not so here", (name) => {
    expect(conformanceCases.some((testCase) => testCase.name === name)).toBe(true);
  });
}
