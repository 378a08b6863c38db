import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitWords } from "./split-words.ts";

describe("splitWords", () => {
  test.each([
    ["", []],
    ["  -w 4\t--bind :80\n", ["-w", "4", "--bind", ":80"]],
    [`-e 'A=b c' -e "D=\\"e\\" f"`, ["-e", "A=b c", "-e", 'D="e" f']],
    [String.raw`a\ b "c\d" ''`, ["a b", String.raw`c\d`, ""]],
    [`--name=it"'"s`, ["--name=it's"]],
  ])("parts %j", (text, words) => {
    expect(splitWords(text, "X")).toEqual(words);
  });

  test.each(["'open", '"open', "end\\"])("refuses %j and names the source", (text) => {
    expect(() => splitWords(text, "TSGI_CMD_ARGS")).toThrow(/^Cannot read TSGI_CMD_ARGS: it has /);
  });

  test("parts as sh does", () => {
    // Without what sh would expand, and with quotes closed.
    const piece = fc.oneof(
      fc.stringMatching(/^[a-z0-9=.:/-]{1,4}$/),
      fc.constantFrom(
        " ",
        "\t",
        "''",
        '""',
        "'a b'",
        `"c 'd"`,
        String.raw`\ `,
        String.raw`\"`,
        String.raw`"\\"`,
        String.raw`"\x"`,
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const script = `for word in ${text} ; do printf '%s\\0' "$word"; done`;
        const shell = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
        expect(splitWords(text, "X")).toEqual(shell);
      }),
      { numRuns: 100 },
    );
  });
});
