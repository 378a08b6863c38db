// `jsonstore import|export|verify|compact`: what is done to a store beside serving it. Servers may go on meanwhile.
import { parseArgs } from "node:util";
import { openStore } from "../open-store.ts";
import type { Store } from "../storage/store.ts";
import { verifyStore } from "../storage/verify.ts";
import { exportDocument } from "./export-document.ts";
import { importDocument } from "./import-document.ts";
import { Progress } from "./progress.ts";

const HELP = `Usage: jsonstore <command> [file] [--store URL]

Commands:
  import [file]  Replaces the document by what the file has, all at once; without a file, standard input.
  export [file]  Writes the document as it is at this moment; without a file, standard output.
  verify         Checks that the store is sound; ends with 1 when it is not.
  compact        Removes what is not part of the document, and gives free space back.

--store URL is where the store lies, such as sqlite:store.db; otherwise the variable JSONSTORE_URL says it.
`;

type Command = (store: Store, file: string | undefined, progress: Progress) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  import: importDocument,
  export: exportDocument,
  verify,
  compact,
};

/**
 * Runs the command.
 *
 * @returns the exit code: 0, 1 when it failed, 2 when it was called wrongly
 */
export async function main(words: string[]): Promise<number> {
  let parsed;
  try {
    const options = { store: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    parsed = parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    console.error(`jsonstore: ${textOf(error)}`);
    return 2;
  }
  const { positionals, values } = parsed;
  const [name = "", file] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (values.help === true || command === undefined) {
    (values.help === true ? console.log : console.error)(HELP);
    return values.help === true ? 0 : 2;
  }
  const url = values.store ?? process.env["JSONSTORE_URL"];
  if (url === undefined || url === "") {
    console.error("jsonstore: Say where the store lies, by --store URL or the variable JSONSTORE_URL");
    return 2;
  }
  return await runCommand(command, url, file);
}

async function runCommand(command: Command, url: string, file: string | undefined): Promise<number> {
  const progress = new Progress(process.stderr);
  try {
    const store = await openStore(url);
    try {
      return await command(store, file, progress);
    } finally {
      await store.close();
    }
  } catch (error) {
    progress.end();
    console.error(`jsonstore: ${textOf(error)}`);
    return 1;
  }
}

async function verify(store: Store, _file: string | undefined, progress: Progress): Promise<number> {
  const faults = await verifyStore(store, { onProgress: (nodes) => progress.count("Checked", nodes, "values") });
  progress.end();
  for (const fault of faults) console.error(fault);
  console.error(faults.length === 0 ? "The store is sound" : `The store has ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

async function compact(store: Store, _file: string | undefined, progress: Progress): Promise<number> {
  await store.compact((rounds) => progress.count("Swept", rounds, "rounds"));
  progress.end();
  return 0;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return error.message + cause;
}
