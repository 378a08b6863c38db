// `jsonstore export`: one state of the document, as a stream. A file is complete or not there.
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { documentText } from "../storage/document-text.ts";
import type { Store } from "../storage/store.ts";
import type { Progress } from "./progress.ts";

/** Of a file that is not there yet: a document that only its owner may read is not for others when it is exported. */
const OWNER_ALONE = 0o600;

/** Runs the command. */
export async function exportDocument(store: Store, file: string | undefined, progress: Progress): Promise<number> {
  if (file === undefined || file === "-") {
    await copy(store, process.stdout, progress);
    return 0;
  }
  const partial = `${file}.${process.pid}.partial`;
  const mode = await stat(file).then(
    (known) => known.mode & 0o777,
    () => OWNER_ALONE,
  );
  const output = createWriteStream(partial, { flags: "wx", mode });
  try {
    await copy(store, output, progress);
    output.end();
    await once(output, "close");
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return 0;
}

async function copy(store: Store, output: Writable, progress: Progress): Promise<void> {
  let written = 0;
  for await (const piece of documentText(store)) {
    written += piece.length;
    if (!output.write(piece)) await once(output, "drain");
    progress.count("Written", Math.round(written / 1024), "KB");
  }
  progress.end();
  if (written === 0) throw new Error("There is no document yet");
}
