import { expect, test } from "vitest";
import { postgresProblem, postgresReason } from "./postgres-error.ts";

test("a name with several addresses, of which none answers, is told with the reasons of each", () => {
  const refusals = ["connect EADDRNOTAVAIL ::1:1", "connect ECONNREFUSED 127.0.0.1:1"].map((message) =>
    Object.assign(new Error(message), { code: message.split(" ")[1] }),
  );
  const error = new AggregateError(refusals);
  expect(postgresReason(error)).toBe("connect EADDRNOTAVAIL ::1:1; connect ECONNREFUSED 127.0.0.1:1");
  expect(postgresProblem(error).kind).toBe("storage-unreachable");
});
