// Which command lines serve and nothing else, so that neither the commands nor all options are made.
import { describe, expect, it } from "vitest";
import { COMMAND_NAMES } from "./command-names.ts";
import { buildProgram } from "./program.ts";
import { servingFlags } from "./serving-program.ts";

const CASES: readonly [argv: string, flags: readonly string[] | null][] = [
  ["", []],
  ["app.js", []],
  ["app.js --bind 127.0.0.1:8000 -w 2 --no-reload", ["--bind", "-w", "--no-reload"]],
  ["app.ini#site debug=true --server-name=main", ["--server-name"]],
  ["manage.py -- runserver --noreload -h", []],
  ["app.js --worker-class gevent", ["--worker-class"]],
  ["fetch app.js /", null],
  ["--reload ctl show", null],
  ["app.js --help", null],
  ["-V", null],
  ["app.js --bnd 127.0.0.1:8000", null],
  ["app.js -w2", null],
];

describe("servingFlags", () => {
  it.each(CASES)("knows what %j asks for", (line, flags) => {
    const found = servingFlags(line.split(" ").filter((word) => word !== ""));
    expect(found === null ? null : [...found]).toEqual(flags);
  });

  it("takes the word of every command for one", () => {
    expect(buildProgram([]).commands.map((command) => command.name())).toEqual(COMMAND_NAMES);
  });
});
