import { expect, test } from "vitest";
import { ChangeGate } from "./change-gate.ts";
import type { Change } from "./tree-model.ts";

const change = (version: number): Change => ({ version, op: "put", path: [] });

test("ChangeGate lets through what others do, whichever comes first, the answer or the event", async () => {
  const told: number[] = [];
  const gate = new ChangeGate((changes) => told.push(...changes.map(({ version }) => version)));
  gate.take([change(1)]);
  const { promise, resolve } = withResolvers();
  const written = gate.during(() => promise);
  gate.take([change(2), change(3)]);
  expect(told).toEqual([1]);
  resolve({ version: 3 });
  await written;
  await expect.poll(() => told).toEqual([1, 2]);
  await gate.during(async () => ({ version: 4 }));
  gate.take([change(4), change(5)]);
  await expect.poll(() => told).toEqual([1, 2, 5]);
});

test("ChangeGate opens again when a write fails", async () => {
  const told: number[] = [];
  const gate = new ChangeGate((changes) => told.push(...changes.map(({ version }) => version)));
  const refused = gate.during(() => Promise.reject(new Error("refused")));
  gate.take([change(1)]);
  await expect(refused).rejects.toThrow("refused");
  await expect.poll(() => told).toEqual([1]);
});

function withResolvers(): { promise: Promise<{ version: number }>; resolve: (value: { version: number }) => void } {
  let resolve: (value: { version: number }) => void = () => {};
  const promise = new Promise<{ version: number }>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
