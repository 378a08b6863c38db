import { expect, test } from "vitest";
import { Conflict, type Written } from "./document-editing.ts";
import { UndoStack } from "./undo-stack.ts";

function written(undo: Written["undo"], kept = 0): Written {
  return { version: 1, path: [], changes: [], kept, undo };
}

test("UndoStack takes back the newest first, and stays as it is when that fails", async () => {
  const done: string[] = [];
  let isReachable = false;
  const stack = new UndoStack();
  stack.push(
    "one",
    written(async () => (done.push("one"), written(null))),
  );
  stack.push(
    "two",
    written(async () => {
      if (!isReachable) throw new TypeError("Failed to fetch");
      done.push("two");
      return written(null);
    }),
  );
  stack.push("cannot be taken back", written(null));
  expect(stack.label).toBe("two");
  await expect(stack.undo()).rejects.toThrow(TypeError);
  isReachable = true;
  await stack.undo();
  await stack.undo();
  expect(done).toEqual(["two", "one"]);
  expect(await stack.undo()).toBeNull();
});

test("UndoStack leaves a conflict to whoever decides it", async () => {
  const stack = new UndoStack();
  stack.push(
    "one",
    written(() => Promise.reject(new Conflict([], null, async () => written(null)))),
  );
  await expect(stack.undo()).rejects.toThrow(Conflict);
  expect(stack.label).toBeNull();
});

test("UndoStack keeps so many changes and so much text, and always the newest", () => {
  const stack = new UndoStack(3, 100);
  const undo = (): Promise<Written> => Promise.reject(new Error("of no use here"));
  for (const label of ["a", "b", "c", "d"]) stack.push(label, written(undo, 40));
  expect(stack.labels).toEqual(["c", "d"]);
  stack.push("large", written(undo, 1000));
  expect(stack.labels).toEqual(["large"]);
});
