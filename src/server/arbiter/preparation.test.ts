import { expect, test } from "vitest";
import { prepareAll, type Preparation } from "./preparation.ts";

function step(name: string, done: string[]): () => Preparation {
  return () => {
    done.push(`open ${name}`);
    return { commit: () => done.push(`commit ${name}`), abort: () => done.push(`abort ${name}`) };
  };
}

test("prepareAll takes the steps in order, and commits or aborts all of them", async () => {
  const done: string[] = [];
  const all = await prepareAll([step("socket", done), () => null, () => Promise.resolve(step("log", done)())]);
  expect(done).toEqual(["open socket", "open log"]);
  all.commit();
  all.abort();
  expect(done.slice(2)).toEqual(["commit socket", "commit log", "abort socket", "abort log"]);
});

test("prepareAll aborts what was opened before a step that fails", async () => {
  const done: string[] = [];
  const fails = (): Promise<never> => Promise.reject(new Error("The address is in use"));
  await expect(prepareAll([step("log", done), fails, step("pid file", done)])).rejects.toThrow("The address is in use");
  expect(done).toEqual(["open log", "abort log"]);
});
