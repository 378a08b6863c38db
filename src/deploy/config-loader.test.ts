// The sections of a file: what PasteDeploy loses or refuses and TSGI does not, errors with their place, and the warnings.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeployWarning } from "./context.ts";
import { DeployError } from "./errors.ts";
import { appConfig, loadApp, loadContext, serverConfig } from "./load.ts";
import { FILTERS, layersOf, Project, storyOf, type Story } from "../../test/deploy/project.ts";

const project = new Project();
let warnings: DeployWarning[] = [];

beforeEach(() => {
  warnings = [];
  process.env["TSGI_TEST_PASSWORD"] = "100%(x)s";
});

afterEach(() => {
  delete process.env["TSGI_TEST_PASSWORD"];
});

function story(text: string, globalConf: Record<string, string> = {}): Promise<Story> {
  return project.story(text, { globalConf, onWarning: (warning) => warnings.push(warning) });
}

describe("closed traps", () => {
  test("filter-with works on a pipeline and on a filter-app", async () => {
    const pipeline = "[pipeline:main]\npipeline = f a\nfilter-with = g\n[app:a]\nuse = call:factories:app\n";
    expect(layersOf(await story(pipeline + FILTERS))).toEqual(["g", "f", "app"]);
    const filterApp = "[filter-app:main]\nnext = a\nuse = f\nfilter-with = g\n[app:a]\nuse = call:factories:app\n";
    expect(layersOf(await story(filterApp + FILTERS))).toEqual(["g", "f", "app"]);
  });

  test("filter-app takes call:", async () => {
    const text = "[filter-app:main]\nnext = a\nuse = call:factories:filter\n[app:a]\nuse = call:factories:app\n";
    expect(layersOf(await story(text))).toEqual(["filter", "app"]);
  });

  test("call: takes a factory inside an object, with its this", async () => {
    expect((await story("[app:main]\nuse = call:factories:holder.create\n")).made).toBe("method");
  });

  test("call: stands anywhere, its protocol follows from what is wanted", async () => {
    const text = "[pipeline:main]\npipeline = call:factories:filter call:factories:app\n";
    expect(layersOf(await story(text))).toEqual(["filter", "app"]);
    const app = await loadApp("call:./factories.mjs:app", { relativeTo: project.directory });
    expect(storyOf(app).made).toBe("app");
  });

  test("a percent sign from the caller or the environment arrives as it is, also through an included file", async () => {
    project.write("included.ini", "[app:main]\nuse = call:factories:app\nmine = %(rate)s %(share)s\n");
    const text =
      "[DEFAULT]\nshare = 50%%\n[app:main]\nuse = config:included.ini\npassword = %(ENV:TSGI_TEST_PASSWORD)s\n";
    const { globalConf, localConf } = await story(text, { rate: "9%" });
    expect(globalConf).toMatchObject({ rate: "9%", share: "50%" });
    expect(localConf).toEqual({ mine: "9% 50%", password: "100%(x)s" });
  });

  test("an empty default that comes of interpolation stays empty", async () => {
    const { globalConf } = await story("[DEFAULT]\na =\nb = %(a)s\n[app:main]\nuse = call:factories:app\n");
    expect(globalConf["b"]).toBe("");
  });
});

describe("values", () => {
  test.each<[what: string, text: string, globals: Record<string, string>, locals: Record<string, string>]>([
    [
      "set writes global values, however many",
      "[DEFAULT]\na = 1\n[app:main]\nset a = 2\nset b = %(a)s\n",
      { a: "2", b: "1" },
      {},
    ],
    [
      "get copies a global value under another name",
      "[DEFAULT]\na = 1\n[app:main]\nget b = a\n",
      { a: "1" },
      { b: "1" },
    ],
    [
      "set and get in [DEFAULT] are inherited",
      "[DEFAULT]\na = %(b)s\nb = 1\nset a = 3\nget c = a\n[app:main]\n",
      { a: "3" },
      { c: "3" },
    ],
    ["an own set beats the inherited one", "[DEFAULT]\nset a = 3\n[app:main]\nset a = 4\n", { a: "4" }, {}],
    [
      "the caller's values beat those of [DEFAULT], but not where they are interpolated",
      "[DEFAULT]\ncaller = 1\n[app:main]\nb = %(caller)s %(other)s\n",
      { caller: "5%", other: "6%" },
      { b: "1 6%" },
    ],
    [
      "a name of the own section is found before that of [DEFAULT]",
      "[DEFAULT]\na = 1\n[app:main]\nmine = 2\nb = %(mine)s %(a)s\n",
      { a: "1" },
      { mine: "2", b: "2 1" },
    ],
    [
      "a name of the own section is interpolated where it is used",
      "[DEFAULT]\na = 1\n[app:main]\nmine = %(a)s!\nb = <%(mine)s>\n",
      { a: "1" },
      { mine: "1!", b: "<1!>" },
    ],
    [
      "the file of a section that is used stays that of the one that uses it, whatever that sets",
      "[app:main]\nuse = two\n[app:two]\nuse = call:x:y\nset __file__ = /elsewhere.ini\n",
      {},
      {},
    ],
    [
      "a section writes over those that it uses",
      "[app:one]\nuse = two\na = 2\nb = 2\n[app:two]\nuse = call:x:y\na = 1\nb = 1\nc = 1\n[app:main]\nuse = one\na = 3\n",
      {},
      { a: "3", b: "2", c: "1" },
    ],
  ])("%s", (_, text, globals, locals) => {
    const uri = project.write("app.ini", text.includes("use = ") ? text : `${text}use = call:x:y\n`);
    const { globalConf, localConf } = appConfig(uri, { globalConf: { caller: "5%", other: "6%" } });
    expect(localConf).toEqual(locals);
    expect(globalConf).toMatchObject({ here: project.directory, __file__: project.path("app.ini"), ...globals });
  });

  test("set of the caller is final text, as all that comes from outside", () => {
    const uri = project.write("app.ini", "[app:main]\nuse = call:x:y\n");
    expect(appConfig(uri, { globalConf: { "set rate": "5%" } }).globalConf).toMatchObject({ rate: "5%" });
  });

  test("a percent sign in the path of the file is one", () => {
    const uri = project.write("100%(x)s/app.ini", "[app:main]\nuse = call:x:y\nplace = %(here)s\n");
    const { globalConf, localConf } = appConfig(uri.replaceAll("%", "%25"));
    const here = project.path("100%(x)s");
    expect([globalConf["here"], globalConf["__file__"], localConf["place"]]).toEqual([here, `${here}/app.ini`, here]);
  });

  test("an included file knows its own place, the section that includes it keeps its own", () => {
    project.write("sub/inner.ini", "[app:main]\nuse = call:x:y\nplace = %(here)s\n");
    const uri = project.write("app.ini", "[app:main]\nuse = config:sub/inner.ini\nouter = %(here)s\n");
    const { globalConf, localConf } = appConfig(uri);
    expect(localConf).toEqual({ place: project.path("sub"), outer: project.directory });
    expect(globalConf["__file__"]).toBe(project.path("app.ini"));
  });
});

describe("the protocol of call:", () => {
  test.each<[header: string, wanted: "application" | "filter" | "server", protocol: string]>([
    ["app:main", "application", "paste.app_factory"],
    ["application:main", "application", "paste.app_factory"],
    ["composite:main", "application", "paste.composite_factory"],
    ["composit:main", "application", "paste.composite_factory"],
    ["filter:main", "filter", "paste.filter_factory"],
    ["server:main", "server", "paste.server_factory"],
  ])("of [%s] is that of its prefix", (header, wanted, protocol) => {
    const uri = project.write("app.ini", `[${header}]\nuse = call:x:y\n`);
    expect(loadContext(wanted, uri)).toMatchObject({ kind: "factory", protocol });
  });

  test("is that of the innermost section that uses it", () => {
    const uri = project.write("app.ini", "[composite:main]\nuse = a\n[app:a]\nuse = call:x:y\n");
    expect(loadContext("application", uri)).toMatchObject({ section: "app:a", protocol: "paste.app_factory" });
  });
});

describe("warnings", () => {
  test.each<[what: string, text: string, globalConf: Record<string, string>, line: number, message: string]>([
    [
      "a key that [DEFAULT] has too",
      "[DEFAULT]\ndebug = true\n[app:main]\nuse = call:factories:app\ndebug = false\n",
      {},
      5,
      'Key "debug" of [app:main] is ignored: [DEFAULT] has a global value of that name; write "set debug = …"',
    ],
    [
      "a key that the caller gave",
      "[app:main]\nuse = call:factories:app\nport = 80\n",
      { port: "81" },
      3,
      'Key "port" of [app:main] is ignored: the caller gave a global value',
    ],
    [
      "a directive in [DEFAULT]",
      "[DEFAULT]\nuse = x\n[app:main]\npaste.app_factory = factories:app\n",
      {},
      2,
      'Key "use" has no effect in [DEFAULT]',
    ],
    [
      "a filter in [DEFAULT]",
      "[DEFAULT]\nfilter-with = f\n[app:main]\nuse = call:factories:app\n",
      {},
      2,
      'Key "filter-with" has no effect in [DEFAULT]',
    ],
    [
      "a key over a pipeline",
      `[app:main]\nuse = p\ncolour = blue\n[pipeline:p]\npipeline = f a\n[app:a]\nuse = call:factories:app\n${FILTERS}`,
      {},
      3,
      'Key "colour" of [app:main] reaches no factory: [pipeline:p] is a pipeline',
    ],
    [
      "a key over an application within a filter-app",
      `[app:main]\nuse = p\ncolour = blue\n[filter-app:p]\nuse = f\nnext = a\n[app:a]\nuse = call:factories:app\n${FILTERS}`,
      {},
      3,
      'Key "colour" of [app:main] reaches no factory: [filter-app:p] is an object within a filter ("filter-app")',
    ],
    [
      "set over a pipeline",
      `[app:main]\nuse = p\nset colour = blue\n[pipeline:p]\npipeline = f a\n[app:a]\nuse = call:factories:app\n${FILTERS}`,
      {},
      3,
      'Key "set colour" of [app:main] has no effect: [pipeline:p] is a pipeline',
    ],
    [
      "a key over a section with use and filter-with",
      `[app:main]\nuse = a\ncolour = blue\n[app:a]\nuse = call:factories:app\nfilter-with = f\n${FILTERS}`,
      {},
      3,
      'Key "colour" of [app:main] reaches no factory: [app:a] is an object within a filter',
    ],
  ])("tell of %s", async (_, text, globalConf, line, message) => {
    await story(text, globalConf);
    expect(warnings).toEqual([expect.objectContaining({ line, file: project.path("app.ini") })]);
    expect(warnings[0]?.message).toContain(message);
  });

  const USING = "[app:main]\nuse = a\ncolour = blue\nset size = 5\n";
  test("say nothing about a key that arrives after all", async () => {
    const text = `${USING}[app:a]\npaste.app_factory = factories:app\nfilter-with = f\n${FILTERS}`;
    expect((await story(text)).inner).toMatchObject({ localConf: { colour: "blue" }, globalConf: { size: "5" } });
    expect(warnings).toEqual([]);
  });

  test("say nothing about a key that arrives at the filter of a filter-app", async () => {
    const text = `${USING}[filter-app:a]\npaste.filter_factory = factories:filter\nnext = b\n[app:b]\nuse = call:factories:app\n`;
    expect(await story(text)).toMatchObject({ localConf: { colour: "blue" }, globalConf: { size: "5" } });
    expect(warnings).toEqual([]);
  });

  test.each([
    "next",
    "pipeline",
    "require",
    "paste.app_factory",
    "paste.composite_factory",
    "paste.filter_factory",
    "paste.filter_app_factory",
    "paste.server_factory",
    "paste.server_runner",
  ])("tell of %s in [DEFAULT], and say nothing about one that the caller gave", async (key) => {
    await story(`[DEFAULT]\n${key} = x\n[app:main]\nuse = call:factories:app\n`);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining(`Key "${key}" has no effect in [DEFAULT]`),
    ]);
    warnings = [];
    await story("[app:main]\nuse = call:factories:app\n", { [key]: "x" });
    expect(warnings).toEqual([]);
  });
});

describe("errors name the place", () => {
  test.each<
    [what: string, text: string, code: string, line: number | undefined, key: string | undefined, message: string]
  >([
    ["a mistyped name", "[app:main]\nuse = wki\n[app:wiki]\n", "SECTION_MISSING", 2, "use", 'did you mean "wiki"'],
    [
      "a name of another type",
      "[pipeline:main]\npipeline = a a\n[app:a]\nuse = call:factories:app\n",
      "SECTION_MISSING",
      2,
      "pipeline",
      "[app:a] describes an application, but a filter is expected",
    ],
    [
      "a section without a name",
      "[app]\nuse = call:factories:app\n",
      "SECTION_MISSING",
      undefined,
      undefined,
      'write ":main" after its prefix',
    ],
    [
      "two sections of a name",
      "[app:main]\n[pipeline:main]\n",
      "SECTION_AMBIGUOUS",
      undefined,
      undefined,
      "[app:main] on line 1, [pipeline:main] on line 2",
    ],
    [
      "a prefix that is mistyped",
      "[app:main]\nuse = wiki\n[zzzzzz:wiki]\n[ap:wiki]\n[ap:other]\n",
      "SECTION_MISSING",
      2,
      "use",
      "did you mean [app:wiki] by [ap:wiki] on line 4",
    ],
    [
      "extra keys in a pipeline",
      "[pipeline:main]\npipeline = a\nrequre = b\nother = c\n",
      "KEY_EXTRA",
      3,
      "requre",
      'settings: "requre", "other"; expected "pipeline", "filter-with", "require" and "set …" only; did you mean "require"',
    ],
    [
      "a directive that is mistyped in a pipeline",
      "[pipeline:main]\npipeline = a\nfliter-with = b\n",
      "KEY_EXTRA",
      3,
      "fliter-with",
      'did you mean "filter-with"',
    ],
    ["no factory", "[app:main]\nuze = x\n", "NO_FACTORY", 2, "uze", 'did you mean "use"'],
    [
      "use in [DEFAULT]",
      "[DEFAULT]\nuse = x\n[app:main]\n",
      "NO_FACTORY",
      3,
      undefined,
      '"use" in [DEFAULT] applies to no section',
    ],
    [
      "two protocols",
      "[app:main]\npaste.app_factory = factories:app\npaste.composite_factory = factories:app\n",
      "MULTIPLE_PROTOCOLS",
      2,
      "paste.app_factory",
      'Several factories are given: "paste.app_factory", "paste.composite_factory"; expected one',
    ],
    [
      "no next",
      "[filter-app:main]\nuse = call:factories:filter\nnxet = a\n",
      "KEY_MISSING",
      3,
      "nxet",
      'did you mean "next"',
    ],
    ["no pipeline", "[pipeline:main]\n", "KEY_MISSING", 1, undefined, "pipeline"],
    [
      "an empty pipeline",
      "[pipeline:main]\npipeline =\n",
      "PIPELINE_EMPTY",
      2,
      "pipeline",
      "expected the names of filters",
    ],
    [
      "get of nothing",
      "[DEFAULT]\ndatabase = x\n[app:main]\nuse = call:factories:app\nget db = databse\n",
      "GLOBAL_MISSING",
      5,
      "get db",
      'No global value "databse" for "get db"; did you mean "database"',
    ],
    ["a circle", "[app:main]\nuse = b\n[app:b]\nuse = main\n", "CYCLE", 4, "use", "[app:b] → [app:main]"],
    ["a missing file", "[app:main]\nuse = config:nowhere.ini\n", "FILE", 2, "use", "nowhere.ini"],
    ["an unknown scheme", "[app:main]\nuse = cfg:x.ini\n", "URI", 2, "use", 'unknown scheme "cfg"'],
    ["call: without attribute", "[app:main]\nuse = call:factories\n", "URI", 2, "use", "call:module:factory"],
    [
      "a missing module",
      "[app:main]\nuse = call:nowhere:app\n",
      "FACTORY",
      2,
      "use",
      'Cannot find the module "nowhere"',
    ],
    ["a missing export", "[app:main]\nuse = call:factories:ap\n", "FACTORY", 2, "use", 'did you mean "app"'],
    [
      "an export that is no function",
      "[app:main]\nuse = call:factories:notAFunction\n",
      "FACTORY",
      2,
      "use",
      "of type number; expected a factory function",
    ],
    ["a factory that fails", "[app:main]\nuse = call:factories:failing\n", "FACTORY", 2, "use", "the database is away"],
    ["a factory that makes nothing", "[app:main]\nuse = call:factories:nothing\n", "FACTORY", 2, "use", "undefined"],
    [
      "a required package",
      "[app:main]\nuse = call:factories:app\nrequire = not-installed\n",
      "REQUIRE",
      3,
      "require",
      '"not-installed" is required',
    ],
  ])("of %s", async (_, text, code, line, key, message) => {
    const error = await story(text).then(
      () => new Error("Nothing was thrown"),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DeployError);
    expect(error).toMatchObject({ code: `ERR_TSGI_DEPLOY_${code}`, line, key, file: project.path("app.ini") });
    expect((error as Error).message).toContain(message);
  });

  test("of a server without factory names TSGI's own, unless a key is mistyped", () => {
    const errorOf = (text: string) => () => serverConfig(project.write("server.ini", text));
    const own = 'TSGI\'s own server is "use = egg:tsgi"';
    expect(errorOf("[server:main]\nport = 80\n")).toThrow(own);
    expect(errorOf("[server:main]\nus = egg:tsgi\n")).toThrow('did you mean "use" by "us"');
    expect(errorOf("[server:main]\nus = egg:tsgi\n")).not.toThrow(own);
  });

  test("of an application without factory lists what would do, and guesses what was meant", () => {
    const errorOf = (text: string) => () => appConfig(project.write("app.ini", text));
    expect(errorOf("[app:main]\nport = 80\n")).toThrow(
      /^No factory is given for an application; expected "use" or one of "paste.app_factory", "paste.composite_factory" \(/,
    );
    expect(errorOf("[app:main]\nuse egg:shop\n")).toThrow('; did you mean "use" by "use egg" (');
  });

  test("of a name in a value guesses among the names that are there, and not among what directs the loader", () => {
    const errorOf = (name: string) => () =>
      appConfig(
        project.write("app.ini", `[DEFAULT]\ndata = x\n[app:main]\nuse = call:x:y\nmine = 1\na = %(${name})s\n`),
      );
    expect(errorOf("dta")).toThrow('did you mean "data"');
    expect(errorOf("mien")).toThrow('did you mean "mine"');
    expect(errorOf("usee")).not.toThrow("did you mean");
  });
});
