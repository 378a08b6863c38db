import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";

describe("parseDuration", () => {
  test.each([
    ["30", 30],
    ["30s", 30],
    ["2m", 120],
    ["1.5h", 5400],
    ["1d", 86_400],
    ["500ms", 0.5],
    [" 0.25 S ", 0.25],
    ["0", 0],
  ])("reads %j as %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each(["", "s", "-1", "2 weeks", "1h30m", "0x10", "1e3", "NaN"])("does not read %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("parseSize", () => {
  test.each([
    ["8190", 8190],
    ["64K", 65_536],
    ["64kb", 65_536],
    ["64 KiB", 65_536],
    ["10M", 10_485_760],
    ["1.5G", 1_610_612_736],
    ["12B", 12],
  ])("reads %j as %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "K", "-1", "1.5", "64X", "1 000"])("does not read %j", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

test("formatDuration and formatSize write what parseDuration and parseSize read back", () => {
  fc.assert(
    fc.property(fc.nat(), (number) => {
      expect(parseDuration(formatDuration(number).replace("min", "m"))).toBe(number);
      expect(parseSize(formatSize(number))).toBe(number);
    }),
  );
});
