import { describe, expect, test } from "vitest";
import { parsePserveArguments } from "./pserve-arguments.ts";

describe("parsePserveArguments", () => {
  test.each([
    ["app.ini", { target: "app.ini", variables: [] }],
    ["app.ini#shop debug=true port=90", { target: "app.ini#shop", variables: ["debug=true", "port=90"] }],
    ["-n shop app.ini", { target: "app.ini#shop" }],
    ["--app-name=shop app.ini#other", { target: "app.ini#shop" }],
    ["config:app.ini --server-name api", { target: "config:app.ini", serverName: "api" }],
  ])("%s", (line, start) => {
    expect(parsePserveArguments(line.split(" "))).toMatchObject({ settings: [], remarks: [], ...start });
  });

  test("settings of both pserve and paster, before and after the file", () => {
    const line = "--reload app.ini --daemon --pid-file=a.pid --log-file a.log --user www --group=www";
    const { settings } = parsePserveArguments(line.split(" "));
    expect(settings.map(({ name, raw }) => [name, raw])).toEqual([
      ["reload", true],
      ["daemon", true],
      ["pid", "a.pid"],
      ["errorLogfile", "a.log"],
      ["user", "www"],
      ["group", "www"],
    ]);
    expect(settings.slice(0, 3).map(({ place }) => place)).toEqual(["--reload", "--daemon", '--pid-file "a.pid"']);
  });

  test("what has no equivalent gets a line, and its value does not become the file", () => {
    const { target, remarks } = parsePserveArguments(["-s", "waitress", "--reload-interval", "2", "-b", "app.ini"]);
    expect(target).toBe("app.ini");
    expect(remarks.map((line) => line.split(":")[0])).toEqual(["-s", "--reload-interval", "-b"]);
  });

  test.each([
    [[], 'Name an INI file, as in "pserve production.ini"'],
    [["--nonsense", "app.ini"], 'Cannot read the option "--nonsense": pserve has no such option'],
    [["app.ini", "-n"], 'Cannot read the option "-n": expected a value after it'],
    [["--constructor", "app.ini"], "pserve has no such option"],
  ])("%j is refused", (words, message) => {
    expect(() => parsePserveArguments(words)).toThrow(message);
  });
});
