// What `tsgi`, `tsgi --help` and `tsgi --help all` print. Every line fits 80 columns.
import type { Command, Help, Option } from "../commander.ts";
import { commonFlags, SETTINGS_HELP } from "../server/settings/command-line.ts";
import { exitCodesHelp } from "./exit-codes.ts";

const USAGE = `Usage: tsgi [options] <target> [KEY=value ...] [-- argument ...]
       tsgi <command> ...
`;

const EXAMPLES = `Examples:
  tsgi app.ts                           serve app.ts at http://127.0.0.1:8000
  tsgi shop.wsgi:application -w 4       serve shop/wsgi.py (or shop/wsgi.ts)
  tsgi 'shop:makeApp("test")' --reload  call a factory; reload on each change
  tsgi app.ini#site debug=true          serve what an INI file composes
  tsgi manage.py -- runserver 8080      serve what a Python program serves
  tsgi config.ru                        serve Rack; so app.psgi, proxy:URL
`;

const TARGETS = `Targets:
  app.ts, app.py                  a file: its application, app or default export
  app.ts:site, app.py:site        another export or attribute
  shop.wsgi:application           a module: shop/wsgi.py or shop/wsgi.ts
  'shop:makeApp("test", 2)'       what a function returns, given literals
  manage.py -- runserver 8080     a Python program and its arguments
  app.ini, app.ini#site           a section of an INI file
  app.psgi, config.ru             a PSGI application, a Rack application
  proxy:http://127.0.0.1:3000     a server behind; so fastcgi:, scgi:, uwsgi:
  cgi:PROGRAM, cgi-bin:DIRECTORY  programs that speak CGI
`;

/** What the command prints when it is given nothing. */
export const SHORT_USAGE = `${USAGE}
${EXAMPLES}
Run "tsgi --help" for the commands and the common options.
`;

/** How much of the help is wanted: `--help` or `--help all`. */
type HelpExtent = "common" | "all";

/** Reads the extent from a command line. */
export function helpExtent(argv: readonly string[]): HelpExtent {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  const isAll = words.some((word, index) => /^(?:--help|-h)$/.test(word) && words[index + 1] === "all");
  return isAll ? "all" : "common";
}

/** Formats the help of the program itself. */
export function formatMainHelp(program: Command, helper: Help, extent: HelpExtent): string {
  const start = [
    USAGE,
    `${program.description()}\n`,
    EXAMPLES,
    ...list("Commands:", commandRows(program, helper), helper),
  ];
  const options = helper.visibleOptions(program);
  if (extent === "common") {
    const chosen = [...commonFlags(), "--help", "--version"].flatMap((flag) =>
      options.filter(({ long }) => long === flag),
    );
    return [
      ...start,
      ...list("Common options:", optionRows(chosen, helper), helper),
      'Run "tsgi --help all" for every option, "tsgi <command> --help" for a command.\n',
    ].join("\n");
  }
  const groups = helper.groupItems(
    [...program.options],
    options,
    ({ helpGroupHeading }) => helpGroupHeading ?? "Options:",
  );
  const sections = [...groups].flatMap(([heading, group]) => list(heading, optionRows(group, helper), helper));
  return [...start, TARGETS, ...sections, `${SETTINGS_HELP}\n`, `${exitCodesHelp()}\n`].join("\n");
}

type Row = readonly [term: string, description: string];

/** All but `help`, which the last line of the text stands for. */
function commandRows(program: Command, helper: Help): Row[] {
  const commands = helper.visibleCommands(program).filter((each) => each.name() !== "help");
  return commands.map((each) => [each.name(), helper.subcommandDescription(each)]);
}

function optionRows(options: readonly Option[], helper: Help): Row[] {
  return options.map((option) => [helper.optionTerm(option), helper.optionDescription(option)]);
}

function list(heading: string, rows: readonly Row[], helper: Help): string[] {
  const width = Math.min(26, Math.max(...rows.map(([term]) => term.length)));
  return [[heading, ...rows.map(([term, text]) => helper.formatItem(term, width, text, helper))].join("\n") + "\n"];
}
