import { describe, expect, test } from "vitest";
import type { Command } from "../commander.ts";
import { flagOf } from "../server/settings/setting.ts";
import { settingList } from "../server/settings/table.ts";
import { SHORT_USAGE } from "./main-help.ts";
import { buildProgram } from "./program.ts";

const COLUMNS = 80;

/** What a terminal shows, or what goes into a pipe. */
function printed(command: Command, columns: number = COLUMNS): string {
  let text = "";
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => columns });
  command.outputHelp();
  return text;
}

function family(command: Command, path: string): [path: string, command: Command][] {
  return [[path, command], ...command.commands.flatMap((each) => family(each, `${path} ${each.name()}`))];
}

const help = (...argv: string[]): string => printed(buildProgram(argv));
const tooLong = (text: string): string[] => text.split("\n").filter((line) => line.length > COLUMNS);

describe("help", () => {
  test.each([
    { what: "tsgi alone", text: SHORT_USAGE },
    { what: "tsgi --help all", text: help("--help", "all") },
    ...family(buildProgram([]), "tsgi").map(([path, command]) => ({ what: `${path} --help`, text: printed(command) })),
  ])("of $what fits 80 columns", ({ text }) => {
    expect(text).toMatch(/^Usage: tsgi/);
    expect(tooLong(text)).toEqual([]);
  });

  test("fits a wide terminal without lines that nobody can read", () => {
    expect(
      Math.max(
        ...printed(buildProgram([]), 300)
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  test("is one screen: examples and commands first, then the common options, and it names Python", () => {
    const text = help("--help");
    const order = ["Python", "Examples:", "Commands:", "Common options:", "--help all"].map((part) =>
      text.indexOf(part),
    );
    expect(order).toEqual(order.toSorted((left, right) => left - right));
    expect(order).not.toContain(-1);
    expect(text.split("\n").length).toBeLessThan(60);
    expect(text).not.toContain("--max-requests-jitter");
  });

  test("all shows every setting", () => {
    const text = help("--help", "all");
    const flags = settingList().flatMap(([name, setting]) => flagOf(name, setting) ?? []);
    expect(flags.filter((flag) => !new RegExp(`^  (?:-\\w, )?${flag}(?: |$)`, "m").test(text))).toEqual([]);
  });

  test("behind -- belongs to the program that is served", () => {
    expect(help("manage.py", "--", "--help", "all")).toContain("Common options:");
  });
});
