import { expect, test } from "vitest";
import { ByteCollector } from "./byte-collector.ts";

test("bytes in pieces come out in one, in their order", () => {
  const collector = new ByteCollector();
  for (let byte = 0; byte < 1000; byte += 1) collector.add(Buffer.from([byte % 256]));
  expect(collector.size).toBe(1000);
  expect([...collector.take()]).toEqual(Array.from({ length: 1000 }, (_, index) => index % 256));
  expect([collector.size, collector.take().length]).toEqual([0, 0]);
});

test("a piece that stays the only one is not copied; one that does not is not written to", () => {
  const collector = new ByteCollector();
  const memory = Buffer.from("only..");
  collector.add(memory.subarray(0, 4));
  const only = collector.take();
  expect([only.toString(), only.buffer === memory.buffer]).toEqual(["only", true]);
  collector.add(memory.subarray(0, 4));
  collector.add(Buffer.from("!!"));
  expect(collector.take().toString()).toBe("only!!");
  expect(memory.toString()).toBe("only..");
});

test("what was taken out is not changed by what comes later", () => {
  const collector = new ByteCollector();
  collector.add(Buffer.from("a"));
  collector.add(Buffer.from("b"));
  const first = collector.take();
  collector.add(Buffer.from("c"));
  collector.add(Buffer.from("d"));
  expect([first.toString(), collector.take().toString()]).toEqual(["ab", "cd"]);
});
