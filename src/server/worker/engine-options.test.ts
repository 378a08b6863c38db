import { expect, test } from "vitest";
import { options } from "../../../test/server/arbiter-double.ts";
import { engineLimits } from "./engine-options.ts";

test("engineLimits takes 0 for no limit, as gunicorn's users expect", () => {
  const limits = engineLimits(
    options({ limitRequestLine: 0, limitRequestFields: 0, headTimeout: 0, limitRequestHead: 10 }),
  );
  expect(limits).toMatchObject({
    maxRequestLineBytes: Infinity,
    maxFields: Infinity,
    headTimeoutSeconds: Infinity,
    maxHeadBytes: 10,
  });
});

test.each([
  [0, 1],
  [5, 0],
])(
  "engineLimits: with --keep-alive %i a connection has %i requests, 0 for as many as it likes",
  (keepAlive, requests) => {
    expect(engineLimits(options({ keepAlive }))).toMatchObject({
      keepAliveTimeoutSeconds: keepAlive,
      maxRequestsPerConnection: requests,
    });
  },
);
