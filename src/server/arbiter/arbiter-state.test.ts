import { afterEach, expect, test } from "vitest";
import { running, workerOf } from "../../../test/server/arbiter-double.ts";
import { openListeners } from "../sockets/listeners.ts";

const title = process.title;
afterEach(() => void (process.title = title));

test("hooks see the arbiter with the workers that are wanted now, not with those of the options", () => {
  const state = running({ workers: 2 });
  state.wanted = 5;
  expect(state.asHookArbiter).toEqual({ pid: process.pid, log: state.log, workers: 5 });
});

test("hooks see a worker by its number and its process", () => {
  const state = running();
  const { worker } = workerOf(state, 7, "serving");
  expect(state.asHookWorker(worker)).toEqual({ pid: worker.pid, id: 7, log: state.log });
});

test("addresses are described as the options in force say: after a reload with a certificate, they are HTTPS", async () => {
  const state = running();
  const [listener] = await openListeners(["127.0.0.1:0"]);
  if (listener === undefined) throw new Error("Nothing listens");
  const port = listener.address.kind === "tcp" ? listener.address.port : 0;
  state.listeners = [listener];
  expect(state.describeListeners()).toEqual([`http://127.0.0.1:${port}`]);
  state.options = { ...state.options, certfile: "/etc/tls/site.pem" };
  expect(state.describeListeners()).toEqual([`https://127.0.0.1:${port}`]);
  listener.close();
});

test.each([
  [null, "tsgi: arbiter [app.ts]"],
  ["shop", "shop: arbiter [app.ts]"],
])("with the name %j of the settings, ps shows %j", (procName, shown) => {
  running({ procName }).setTitle();
  expect(process.title).toBe(shown);
});
