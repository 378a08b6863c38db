import { expect, test } from "vitest";
import { Problem } from "./problem.ts";

test("a problem carries its status, and says whose fault it is", () => {
  expect(new Problem("busy")).toMatchObject({ status: 503, fault: "internal", code: "ERR_JSONSTORE_BUSY" });
  expect(new Problem("too-deep", { detail: "Too deep" })).toMatchObject({
    status: 422,
    fault: "remote",
    message: "Too deep",
  });
});
