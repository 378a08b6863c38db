import { describe, expect, test } from "vitest";

import { LengthDecoder } from "./body-decoder.ts";
import { HeadParser } from "./head-parser.ts";
import { InputWindow } from "./input-window.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

const head = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`;

function open(...chunks: string[]): { input: InputWindow; parser: HeadParser; body: (length: number) => string } {
  const input = new InputWindow();
  for (const chunk of chunks) input.add(Buffer.from(chunk, "latin1"));
  const body = (length: number): string => {
    let text = "";
    input.readBody(new LengthDecoder(length), (slice) => (text += slice.toString("latin1")));
    return text;
  };
  return { input, parser: new HeadParser(DEFAULT_LIMITS, () => ({})), body };
}

describe("InputWindow", () => {
  test("gives heads and bodies in the order in which they came", () => {
    const { input, parser, body } = open(`${head("/a")}bo`, `dy${head("/b")}`);
    expect([input.readHead(parser), parser.target?.path]).toEqual([true, "/a"]);
    expect(input.unreadBytes).toBe(4 + head("/b").length);
    expect(body(4)).toBe("body");
    parser.begin();
    expect([input.readHead(parser), parser.target?.path, input.isEmpty, input.unreadBytes]).toEqual([
      true,
      "/b",
      true,
      0,
    ]);
  });

  test("reads a head that is longer than a window of text, window by window", () => {
    const { input, parser } = open(head(`/${"p".repeat(7000)}`));
    expect(input.readHead(parser)).toBe(false);
    expect([input.isEmpty, input.readHead(parser), parser.target?.path.length]).toEqual([false, true, 7001]);
  });

  test("goes on with a head when more has come", () => {
    const { input, parser } = open(head("/a").slice(0, 9));
    expect([input.readHead(parser), input.isEmpty, input.readHead(parser)]).toEqual([false, true, false]);
    input.add(Buffer.from(head("/a").slice(9)));
    expect(input.readHead(parser)).toBe(true);
  });

  test("finds the next head behind a body that was longer than the window", () => {
    const { input, parser, body } = open(head("/a") + "x".repeat(10_000) + head("/b"));
    input.readHead(parser);
    expect(body(10_000).length).toBe(10_000);
    parser.begin();
    expect([input.readHead(parser), parser.target?.path]).toEqual([true, "/b"]);
  });

  test("finds the next head when more has come while it waited behind a window that was read", () => {
    const { input, parser } = open(head(`/${"p".repeat(7000)}`) + head("/b").slice(0, 9));
    input.readHead(parser);
    input.readHead(parser);
    parser.begin();
    input.add(Buffer.from(head("/b").slice(9)));
    expect([input.readHead(parser), parser.target?.path, input.isEmpty]).toEqual([true, "/b", true]);
  });

  test("forgets what is not to be read", () => {
    const { input, parser, body } = open(head("/a"));
    input.clear();
    expect([input.isEmpty, input.readHead(parser), body(1)]).toEqual([true, false, ""]);
  });
});
