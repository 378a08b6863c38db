// The list itself, and the list run in process.
import { describe, expect, test } from "vitest";
import { TestClient } from "../test-client.ts";
import { conformanceCases } from "./conformance-cases.ts";
import { runConformance } from "./run-conformance.ts";

test("conformanceCases have names that differ", () => {
  expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length);
});

describe("In process", () => {
  const leftOut = runConformance(test, {
    serve: (application) => ({ client: new TestClient(application, { validate: false }), close() {} }),
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});
