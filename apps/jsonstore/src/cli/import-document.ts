// `jsonstore import`: the document is replaced by one small write after all of it was laid out, or not at all.
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { buffer } from "node:stream/consumers";
import { put } from "../storage/document.ts";
import { linkStaged } from "../storage/stage.ts";
import type { Store } from "../storage/store.ts";
import { compacting, DEFAULT_TEXT_LIMITS } from "../text/compact.ts";
import { TextFault } from "../text/text-fault.ts";
import type { Progress } from "./progress.ts";

/** Characters of one step of the check. */
const STEP = 256 * 1024;

/** Runs the command. */
export async function importDocument(store: Store, file: string | undefined, progress: Progress): Promise<number> {
  const bytes = file === undefined || file === "-" ? await buffer(process.stdin) : await readFile(file);
  const text = await check(new TextDecoder("utf-8", { fatal: true }).decode(bytes), progress);
  const staged = await store.stage(text, { onProgress: (part) => progress.show("Laying out", part) });
  await linkStaged(store, staged, (write) => put(write, [], staged.value));
  progress.show("Laying out", 1);
  progress.end();
  return 0;
}

async function check(source: string, progress: Progress): Promise<string> {
  const steps = compacting(source, DEFAULT_TEXT_LIMITS);
  try {
    for (let read = 0; ; read += STEP) {
      const step = steps.next();
      if (step.done === true) return step.value;
      progress.show("Checking", read / source.length);
      await nextTurn();
    }
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    const line = source.slice(0, error.index).split("\n").length;
    throw new Error(`Line ${line}: ${error.message} (at "${error.pointer}"); nothing was imported`, { cause: error });
  }
}
