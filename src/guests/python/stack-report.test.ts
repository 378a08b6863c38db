import { expect, test } from "vitest";
import { fatalReport, stackOfThread } from "./stack-report.ts";

const DUMP = `something before
Thread 0x00007f1a (most recent call first):
  File "/app/a.py", line 1 in wait
  File "/app/a.py", line 2 in serve

Current thread 0x00007f2b (most recent call first):
  File "/app/b.py", line 3 in loop
  File "/app/b.py", line 4 in view
`;

test("stackOfThread picks one thread", () => {
  expect(stackOfThread(DUMP, "0x00007f2b").split("\n")).toEqual([
    "Current thread 0x00007f2b (most recent call first):",
    '  File "/app/b.py", line 3 in loop',
    '  File "/app/b.py", line 4 in view',
  ]);
  expect(stackOfThread(DUMP, "0x00007f1a")).not.toContain("b.py");
});

test("stackOfThread gives everything when the thread is not there", () => {
  expect(stackOfThread(DUMP, "0x0000dead")).toBe(DUMP.trim());
});

test("fatalReport begins where the interpreter says that it dies", () => {
  expect(fatalReport("noise\nFatal Python error: Segmentation fault\n\nCurrent thread")).toBe(
    "Fatal Python error: Segmentation fault\n\nCurrent thread",
  );
  expect(fatalReport("one\ntwo\n")).toBe("");
});
