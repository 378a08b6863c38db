import { describe, expect, test } from "vitest";
import { usageMessage } from "./usage-message.ts";

describe("usageMessage", () => {
  test.each([
    ["error: unknown option '--bnid'\n(Did you mean --bind?)\n", 'Unknown option "--bnid"; did you mean "--bind"'],
    ["error: unknown option '--it's'\n", `Unknown option "--it's"`],
    [
      "error: unknown command 'sto'\n(Did you mean one of stop, show?)",
      'Unknown command "sto"; did you mean "stop" or "show"',
    ],
    ["error: option '-w, --workers <number>' argument missing\n", 'The option "-w, --workers <number>" needs a value'],
    ["error: missing required argument 'path'\n", "Missing argument <path>"],
    [
      "error: too many arguments for 'fetch'. Expected 2 arguments but got 3.\n",
      "Too many arguments: expected 2, got 3",
    ],
    ["error: something else\n", "Something else"],
  ])("turns %j into one line", (text, line) => {
    expect(usageMessage(text)).toBe(line);
  });
});
