import { describe, expect, it } from "vitest";
import type { WSGIApplication } from "../wsgi/types.ts";
import { OptionError } from "./option-error.ts";
import {
  bytes,
  decimal,
  flag,
  fromSection,
  integer,
  lines,
  oneOf,
  pairs,
  readNoOptions,
  readOptions,
  required,
  text,
  within,
  words,
} from "./section-options.ts";

interface Options {
  readonly maxAgeSeconds?: number;
  readonly strict?: boolean;
  readonly origins?: string[];
  readonly check?: () => boolean;
}
const READERS = { maxAgeSeconds: integer, strict: flag, origins: words };
const read = (conf: Record<string, string>) => readOptions<Options>(conf, READERS);

describe("readOptions", () => {
  it.each(["max_age_seconds", "max-age-seconds", "maxAgeSeconds", "max age seconds", "max - age__seconds"])(
    "understands %s",
    (key) => {
      expect(read({ [key]: "60" })).toEqual({ maxAgeSeconds: 60 });
    },
  );

  it("gives each value its type and leaves out what the section does not name", () => {
    expect(read({ strict: "yes", origins: "a, b\nc" })).toEqual({ strict: true, origins: ["a", "b", "c"] });
  });

  it.each([
    [{ max_age_second: "60" }, 'Unknown option "max_age_second"; did you mean "max_age_seconds"'],
    [{ colour: "red" }, 'Unknown option "colour"; expected one of "max_age_seconds", "strict", "origins"'],
    [{ check: "x" }, 'Unknown option "check"'],
    [{ constructor: "x" }, 'Unknown option "constructor"'],
    [{ "max-age-seconds": "1", max_age_seconds: "2" }, 'Option "max_age_seconds" is given twice'],
    [{ max_age_seconds: "a minute" }, 'Bad integer value "a minute"; expected digits (key "max_age_seconds")'],
    [{ strict: "perhaps" }, 'Value "perhaps" is neither true nor false'],
  ])("refuses %j", (conf, message) => {
    expect(() => read(conf as unknown as Record<string, string>)).toThrow(message);
  });

  it.each([
    [{ maxBytes: "0" }, 'Option "maxBytes" is 0; expected 1 or more'],
    [{ "max-bytes": "0" }, 'Option "max-bytes" is 0; expected 1 or more'],
    [{}, 'Option "max_bytes" is missing; expected a number of bytes'],
  ])("what a factory says of the options of %j names them as the file does", (conf, message) => {
    const make = ({ maxBytes }: { readonly maxBytes?: number }) => {
      within(required(maxBytes, "maxBytes", "a number of bytes"), "maxBytes", 1);
      return (application: WSGIApplication) => application;
    };
    expect(() => fromSection(make, conf, { maxBytes: bytes })).toThrow(new OptionError(message));
    expect(() => make({ maxBytes: 0 })).toThrow(new OptionError('Option "maxBytes" is 0; expected 1 or more'));
  });

  it("what a factory says of an option is told with its cause, and what else it throws as it is", () => {
    const throwing = (error: Error) => () =>
      fromSection(
        (): never => {
          throw error;
        },
        {},
        {},
      );
    const refusal = new OptionError('Option "maxBytes" is missing');
    expect(throwing(refusal)).toThrow(expect.objectContaining({ cause: refusal }) as Error);
    const mistake = new TypeError("a mistake");
    expect(throwing(mistake)).toThrow(mistake);
  });

  it("readNoOptions refuses everything", () => {
    expect(readNoOptions({})).toBeUndefined();
    expect(() => readNoOptions({ a: "1" })).toThrow('Unknown option "a"');
  });
});

describe("readers", () => {
  it.each([
    [text, " a ", " a "],
    [decimal, "1.5", 1.5],
    [bytes, "64k", 65_536],
    [bytes, "1 MiB", 1_048_576],
    [bytes, "12", 12],
    [bytes, " 2 gb ", 2_147_483_648],
    [lines, "\na b\n\nc", ["a b", "c"]],
    [oneOf("DENY", "sameorigin"), "deny", "DENY"],
    [oneOf("DENY", "sameorigin"), " SameOrigin ", "sameorigin"],
    [pairs, "a = 1\nb: x = y", { a: "1", b: "x = y" }],
    [pairs, "name=1\nother:\n", { name: "1", other: "" }],
  ])("%o reads %j", (reader, value, expected) => {
    expect(reader(value, "size")).toEqual(expected);
  });

  it.each([
    [decimal, "", 'Option "size" is ""; expected a number'],
    [decimal, " ", 'Option "size" is " "; expected a number'],
    [flag, "perhaps", '(key "size")'],
    [bytes, "much", 'Option "size" is "much"; expected bytes'],
    [bytes, "about 5", 'Option "size" is "about 5"; expected bytes'],
    [bytes, "5 apples", 'Option "size" is "5 apples"; expected bytes'],
    [pairs, "a = 1\n: b = 2", 'Option "size" has no name and value in line 2'],
    [oneOf("a", "b"), "c", 'Option "size" is "c"; expected one of "a", "b"'],
    [pairs, "nothing", 'Option "size" has no name and value in line 1; expected "name = value"'],
  ])("%o refuses %j", (reader, value, message) => {
    expect(() => reader(value, "size")).toThrow(message);
  });

  it("required refuses what is missing or empty", () => {
    expect(required("a", "n", "text")).toBe("a");
    for (const value of [undefined, ""])
      expect(() => required(value, "n", "text")).toThrow('Option "n" is missing; expected text');
  });

  it("within states the bounds", () => {
    for (const value of [1, 3, 5]) expect(within(value, "n", 1, 5)).toBe(value);
    expect(() => within(6, "n", 1, 5)).toThrow('Option "n" is 6; expected 1 to 5');
    expect(() => within(Number.NaN, "n", 1)).toThrow('Option "n" is NaN; expected 1 or more');
  });
});
