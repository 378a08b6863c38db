import { expect, onTestFinished, test } from "vitest";
import { takeWorkerConfig, WORKER_VARIABLE } from "./worker-config.ts";

test("takeWorkerConfig takes the configuration out of the environment, so that the application does not see it", () => {
  onTestFinished(() => {
    delete process.env[WORKER_VARIABLE];
  });
  process.env[WORKER_VARIABLE] = JSON.stringify({ id: 3, secret: "s" });
  expect(takeWorkerConfig()).toEqual({ id: 3, secret: "s" });
  expect(WORKER_VARIABLE in process.env).toBe(false);
});

test("takeWorkerConfig says that workers are not started by hand", () => {
  expect(() => takeWorkerConfig()).toThrow("Start workers through the command tsgi, not by hand");
});
