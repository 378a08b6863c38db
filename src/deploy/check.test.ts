// The check of a whole file.
import { describe, expect, test } from "vitest";
import { checkConfig, formatProblems } from "./check.ts";
import { Project, SHOP } from "../../test/deploy/project.ts";

const project = new Project();
project.write("shop.ini", SHOP);

describe("checkConfig", () => {
  test("finds every mistake of a file", async () => {
    const problems = await checkConfig(project.path("shop.ini"));
    expect(problems.map(({ level, line, section, key }) => [level, line, section, key])).toEqual([
      ["warning", 32, "application:v1", undefined],
      ["warning", 14, "app:home", "debug"],
      ["error", 9, "composite:main", "/old"],
      ["error", 28, "filter:log", "use"],
      ["warning", 30, "aplication:typo", undefined],
      ["warning", 31, "default", undefined],
    ]);
    const text = formatProblems(problems);
    expect(text).toContain('error: No section "hom"');
    expect(text).toContain('did you mean "home"');
    expect(text).toContain("error: Module");
    expect(text).toContain("warning: Section [aplication:typo] is ignored; did you mean [application:typo]");
    expect(text).toContain("warning: Section [default] is an ordinary section; expected [DEFAULT]");
    expect(text).toContain("warning: Section [application:v1] is hidden by [app:v1] on line 21");
  });

  test("imports nothing when it is not to", async () => {
    const problems = await checkConfig(project.path("shop.ini"), { isImporting: false });
    expect(problems.filter(({ level }) => level === "error").map(({ key }) => key)).toEqual(["/old"]);
  });

  test("is content with a good file", async () => {
    project.write("good.ini", "[app:main]\nuse = call:factories:app\n[loggers]\nkeys = %bare\n");
    const problems = await checkConfig(project.path("good.ini"));
    expect(formatProblems(problems)).toBe("No problems found");
  });

  test.each<[what: string, text: string, code: string]>([
    ["that does not parse", "[a]\nx\n", 'Line "x" has no'],
    ["whose defaults do not interpolate", "[DEFAULT]\na = %(b)s\n[app:main]\n", 'Name "b"'],
  ])("reports a file %s", async (_, text, message) => {
    project.write("bad.ini", text);
    const problems = await checkConfig(project.path("bad.ini"));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });

  test("reports a file that is not there", async () => {
    expect(await checkConfig(project.path("nowhere.ini"))).toMatchObject([{ level: "error" }]);
  });

  test("calls TSGI's own filters, which only read their options, and no factory of the application", async () => {
    const own = "[filter:limit]\nuse = egg:tsgi#body-limit\nmax_bytes = plenty\n";
    project.write(
      "own.ini",
      `${own}[app:main]\nuse = call:factories:failing\n[filter:f]\nuse = call:factories:failing\n`,
    );
    expect(await checkConfig(project.path("own.ini"))).toMatchObject([
      { level: "error", line: 3, section: "filter:limit", key: "max_bytes" },
    ]);
  });

  test("leaves the server of a package alone, since the command serves by itself", async () => {
    project.write("servers.ini", "[server:main]\nuse = egg:waitress\n[server:own]\nuse = call:factories:srver\n");
    expect(await checkConfig(project.path("servers.ini"))).toMatchObject([{ line: 4, key: "use" }]);
  });

  test("checks an unnamed section, and the mounts of a composite that name sections", async () => {
    const text =
      "[app]\nuse = call:factories:ap\n[composite:c]\nuse = call:factories:composite\n" +
      "domain x.org = gone\ntitle = gone\nempty =\nname = f d\n[filter:f]\nuse = call:factories:filter\n[app:d]\nuse = call:factories:app\n";
    project.write("mounts.ini", text);
    const problems = await checkConfig(project.path("mounts.ini"));
    expect(problems.map(({ section, key }) => [section, key])).toEqual([
      ["app", "use"],
      ["composite:c", "domain x.org"],
    ]);
  });
});
