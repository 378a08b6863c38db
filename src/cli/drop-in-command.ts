// `tsgi gunicorn …`, `tsgi uwsgi …`, `tsgi pserve …`: the command lines of other servers, with one word in front. What does the work is
// imported only then.
import type { Command } from "../commander.ts";

const SERVERS = {
  gunicorn: "Serves what a command line of gunicorn says.",
  uwsgi: "Serves what a command line of uWSGI says.",
  pserve: "Serves an INI file as a command line of pserve says.",
} as const;

const FURTHER = `
Its configuration file and its variables are read too. A line on standard error
names each thing that has no equivalent. For everything that is not said there,
TSGI_ variables and tsgi.config.ts count.`;

/** Names of the commands; a link to the program with such a name is the command. */
export const DROP_IN_NAMES = Object.keys(SERVERS) as readonly (keyof typeof SERVERS)[];

/**
 * Adds the commands to the program.
 *
 * @param program - of commander
 * @param version - of this package
 */
export function registerDropInCommands(program: Command, version: string): void {
  for (const name of DROP_IN_NAMES) {
    const command = program
      .command(name)
      .description(SERVERS[name])
      .argument("[words...]", `the words after ${name}, as they are`)
      .allowUnknownOption()
      .passThroughOptions()
      .addHelpText("after", FURTHER);
    command.action(async () => {
      process.exit(await run(name, command.args, version));
    });
  }
}

async function run(name: keyof typeof SERVERS, words: readonly string[], version: string): Promise<number> {
  if (words[0] === "--version" || (words[0] === "-v" && name === "gunicorn")) {
    process.stdout.write(`tsgi ${version}\n`);
    return 0;
  }
  if (name === "pserve") {
    const { serveAsPserve } = await import("./drop-in/serve-as-pserve.ts");
    return await serveAsPserve(words, version);
  }
  const { serveAs } = await import("./drop-in/serve-as.ts");
  return await serveAs(name, words, version);
}
