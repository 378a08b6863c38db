// Serves what another server's command line says, after a line for each thing that has no equivalent.
import { serve } from "../serve.ts";
import type { Draft } from "../import/draft.ts";
import { draftOfStart, type OtherServer } from "./other-server.ts";

/**
 * Serves until a signal ends it. A reload reads the files of the other server again.
 *
 * @param words - after the name of the server
 * @param version - of this package
 * @returns the exit code of the process
 * @throws UsageError for words that the server does not know; what `serve` throws
 */
export async function serveAs(server: OtherServer, words: readonly string[], version: string): Promise<number> {
  const directory = process.cwd();
  const remarks = new Remarks(server);
  return await serve(async () => {
    const draft = draftOfStart(server, words, directory, process.env);
    remarks.tell(draft);
    return [draft.text("target"), draft.layer.filter(({ name }) => name !== "target")];
  }, version);
}

/** Says each remark once, however often the configuration is read. */
class Remarks {
  readonly #server: OtherServer;
  readonly #said = new Set<string>();

  constructor(server: OtherServer) {
    this.#server = server;
  }

  tell({ remarks }: Draft): void {
    for (const { kind, subject, why } of remarks) {
      const line = `tsgi: ${this.#server}'s ${oneLine(subject)}: ${oneLine(why)}\n`;
      if (kind === "needless" || this.#said.has(line)) continue;
      this.#said.add(line);
      process.stderr.write(line);
    }
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
