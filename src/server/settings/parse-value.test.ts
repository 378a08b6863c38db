import { describe, expect, test } from "vitest";
import { parseValue } from "./parse-value.ts";
import { SETTINGS, type SettingName } from "./table.ts";

/** One setting of each type, with what it accepts. */
const ACCEPTED: readonly (readonly [SettingName, unknown, unknown])[] = [
  ["pid", "/run/x.pid", "/run/x.pid"],
  ["pid", null, null],
  ["statsdPrefix", "", ""],
  ["workers", "4", 4],
  ["workers", 1024, 1024],
  ["timeout", "2m", 120],
  ["timeout", 0.5, 0.5],
  ["maxWorkerMemory", "256M", 268_435_456],
  ["limitRequestBody", 0, 0],
  ["reload", true, true],
  ["reload", "Yes", true],
  ["reload", "0", false],
  ["logLevel", "WARNING", "warning"],
  ["certReqs", 2, "2"],
  ["proxyProtocol", true, "auto"],
  ["bind", "127.0.0.1:80, unix:/run/x.sock", ["127.0.0.1:80", "unix:/run/x.sock"]],
  ["bind", [":80", "[::1]:81", "fd://3"], [":80", "[::1]:81", "fd://3"]],
  ["forwardedAllowIps", "10.0.0.0/8,fd00::/8,unix,*", ["10.0.0.0/8", "fd00::/8", "unix", "*"]],
  ["env", "A=b,c", ["A=b,c"]],
  ["env", ["A=", "B=c=d"], ["A=", "B=c=d"]],
  ["reloadExtraFile", "{a,b}.txt", ["{a,b}.txt"]],
  ["stats", "127.0.0.1:9100", "127.0.0.1:9100"],
  ["stats", null, null],
  ["umask", "022", 0o22],
  ["umask", "0o007", 7],
  ["umask", "0", 0],
  ["umask", 18, 18],
];

const REFUSED: readonly (readonly [SettingName, unknown, RegExp])[] = [
  ["pid", "", /^a file$/],
  ["pid", 3, /^a file$/],
  ["errorLogfile", null, /^a file$/],
  ["workers", "many", /^a whole number from 1 to 1024$/],
  ["workers", 0, /^a whole number from 1/],
  ["workers", 1.5, /^a whole number/],
  ["workers", "", /^a whole number/],
  ["workers", Number.NaN, /^a whole number/],
  ["timeout", -1, /^a time in seconds, or with a unit: 30, 30s/],
  ["timeout", "soon", /^a time/],
  ["timeout", Number.POSITIVE_INFINITY, /^a time/],
  ["maxWorkerMemory", "256X", /^a size in bytes, or with a unit: 8190, 64K/],
  ["maxWorkerMemory", 1.5, /^a size/],
  ["reload", "maybe", /^true or false$/],
  ["reload", 1, /^true or false$/],
  ["logLevel", "loud", /^one of debug, info, warning/],
  ["logLevel", true, /^one of/],
  ["bind", "80", /^HOST:PORT/],
  ["bind", "x:70000", /^HOST:PORT/],
  ["bind", [80], /^a list of texts, each HOST:PORT/],
  ["forwardedAllowIps", "10.0.0.0/33", /^an IP address, a network such as 10\.0\.0\.0\/8/],
  ["forwardedAllowIps", "localhost", /^an IP address/],
  ["forwardedAllowIps", "10.0.0", /^an IP address/],
  ["env", "A", /^NAME=VALUE$/],
  ["stats", "x:y:1", /^HOST:PORT/],
  ["umask", "22", /^a mask in octal with a leading 0/],
  ["umask", "08", /^a mask/],
  ["umask", 4096, /^a mask/],
];

describe("parseValue", () => {
  test.each(ACCEPTED)("%s takes %j as %j", (name, raw, value) => {
    expect(parseValue(SETTINGS[name], raw)).toEqual({ value });
  });

  test.each(REFUSED)("%s refuses %j and says what it expected", (name, raw, expected) => {
    expect(parseValue(SETTINGS[name], raw)).toEqual({ expected: expect.stringMatching(expected) });
  });
});
