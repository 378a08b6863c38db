// What is wrong in an INI file, as a person at a terminal reads it: every message names file, line, section and key, and the nearest
// valid name. Each file is served with the real command.
import { afterAll, describe, expect, test } from "vitest";
import { checkConfig, formatProblems } from "../../src/deploy/check.ts";
import { asGlobalConf } from "../../src/deploy/converters.ts";
import { checkIniServers } from "../../src/server/loading/ini-server.ts";
import { Project, type Result } from "../cli-command.ts";
import { venvPython } from "../needs.ts";

const PYTHON = venvPython();

const project = new Project({
  "shop.ts": `
export const app = (globalConf, localConf) => (environ, startResponse) => { startResponse("200 OK", []); return []; };
export const shout = () => (application) => application;
export const failing = () => { throw new Error("The database is away"); };
export const strict = (globalConf, { max_age }) => { throw new Error(\`Option "maxAge" is "\${max_age}"; expected a number\`); };
export const nothing = () => undefined;
export const text = "text";
`,
  "away.ts": `throw new Error("No import today");`,
  "snake.py": `
def app_factory(global_conf, text="snake"):
    return lambda environ, start_response: []
def filter_factory(global_conf, word="x"):
    return lambda app: app
def raising(global_conf):
    raise ValueError("The database is away")
def mounting(loader, global_conf, **local_conf):
    return [loader.get_app(name, global_conf) for name in local_conf.values()][0]
number = 42
`,
  "lost.py": "import nowhere_to_be_found\n",
});
afterAll(() => project.remove());

interface Mistake {
  /** What it is about, and the name of the file. */
  readonly name: string;
  /** Lines of the file. */
  readonly ini: readonly string[];
  readonly message: RegExp;
  /** Line, section and key that the message ends with; a line alone for what is not in a section. */
  readonly place: readonly [line: number, section?: string, key?: string];
  /** Whether the message is about a setting of the server: then it names the place as those about other sources of settings do. */
  readonly isSetting?: boolean;
  /** What `config check` says, where it says something else; null for what only a running factory shows. */
  readonly check?: RegExp | null;
}

const APP = ["[app:shop]", "use = call:shop:app"];
const MAIN = ["[app:main]", "use = call:shop:app"];
const TWO = ["[composite:main]", "use = egg:tsgi#urlmap", "/ = one", "/two = two"];

const MISTAKES: readonly Mistake[] = [
  {
    name: "a filter that is no section",
    ini: ["[pipeline:main]", "pipeline = shot shop", "[filter:shout]", "use = call:shop:shout", ...APP],
    message: /No section "shot" \(prefixed by "filter"\) .*; did you mean "shout"/,
    place: [2, "pipeline:main", "pipeline"],
  },
  {
    name: "a section with a prefix that is none",
    ini: ["[pipeline:main]", "pipeline = shout shop", "[filtr:shout]", "use = call:shop:shout", ...APP],
    message: /No section "shout".*; did you mean \[filter:shout\] by \[filtr:shout\] on line 3/,
    place: [2, "pipeline:main", "pipeline"],
  },
  {
    name: "an application where a filter is expected",
    ini: ["[pipeline:main]", "pipeline = shop shop", ...APP],
    message: /\[app:shop\] describes an application, but a filter is expected/,
    place: [2, "pipeline:main", "pipeline"],
  },
  {
    name: "a key of a pipeline",
    ini: ["[pipeline:main]", "pipeline = shop", "filter-wth = x", ...APP],
    message: /extra \(disallowed\) settings: "filter-wth"; .*did you mean "filter-with"/,
    place: [3, "pipeline:main", "filter-wth"],
  },
  {
    name: "use of no section",
    ini: ["[app:main]", "use = shp", ...APP],
    message: /No section "shp".*; did you mean "shop"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "the key use misspelt",
    ini: ["[app:main]", "title = x", "ues = call:shop:app"],
    message: /No factory is given for an application; .*did you mean "use" by "ues"/,
    place: [3, "app:main", "ues"],
  },
  {
    name: "the key use without its sign",
    ini: ["[app:main]", "use call:shop:app"],
    message: /No factory is given for an application; .*did you mean "use" by "use call"/,
    place: [2, "app:main", "use call"],
  },
  {
    name: "a protocol misspelt",
    ini: ["[app:main]", "paste.ap_factory = shop:app"],
    message: /No factory is given .*; did you mean "paste\.app_factory" by "paste\.ap_factory"/,
    place: [2, "app:main", "paste.ap_factory"],
  },
  {
    name: "next misspelt",
    ini: ["[filter-app:main]", "use = call:shop:shout", "nxt = shop", ...APP],
    message: /missing a "next" setting; .*did you mean "next" by "nxt"/,
    place: [3, "filter-app:main", "nxt"],
  },
  {
    name: "next of no section",
    ini: ["[filter-app:main]", "use = call:shop:shout", "next = shp", ...APP],
    message: /No section "shp".*; did you mean "shop"/,
    place: [3, "filter-app:main", "next"],
  },
  {
    name: "filter-with of no section",
    ini: [...MAIN, "filter-with = shot", "[filter:shout]", "use = call:shop:shout"],
    message: /No section "shot".*; did you mean "shout"/,
    place: [3, "app:main", "filter-with"],
  },
  {
    name: "a mount of no section",
    ini: ["[composite:main]", "use = egg:tsgi#urlmap", "/ = shp", ...APP],
    message: /No section "shp".*; did you mean "shop"/,
    place: [3, "composite:main", "/"],
  },
  {
    name: "an export that is not there",
    ini: ["[app:main]", "use = call:shop:ap"],
    message: /Module ".*shop\.ts" does not export "ap".*; did you mean "app"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a module that is not there",
    ini: ["[app:main]", "use = call:shpo:app"],
    message: /Cannot find the module "shpo".*; did you mean "shop"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a module that fails",
    ini: ["[app:main]", "use = call:away:app"],
    message: /Module ".*away\.ts" fails when it is imported: No import today/,
    place: [2, "app:main", "use"],
  },
  {
    name: "an export that is no function",
    ini: ["[app:main]", "use = call:shop:text"],
    message: /"shop:text" is of type string; expected a factory function/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a factory that throws",
    ini: ["[app:main]", "use = call:shop:failing"],
    message: /Factory "shop:failing" failed: The database is away/,
    place: [2, "app:main", "use"],
    check: null,
  },
  {
    name: "a factory that returns nothing",
    ini: ["[app:main]", "use = call:shop:nothing"],
    message: /Factory "shop:nothing" failed: Cannot use undefined as an application/,
    place: [2, "app:main", "use"],
    check: null,
  },
  {
    name: "an option that a factory quotes",
    ini: ["[app:main]", "use = call:shop:strict", "max_age = old"],
    message: /Factory "shop:strict" failed: Option "maxAge" is "old"; expected a number/,
    place: [3, "app:main", "max_age"],
    check: null,
  },
  {
    name: "an option of the wrong type",
    ini: [
      "[pipeline:main]",
      "pipeline = limit shop",
      "[filter:limit]",
      "use = egg:tsgi#rate-limit",
      "limit = many",
      ...APP,
    ],
    message: /Bad integer value "many"; expected digits/,
    place: [5, "filter:limit", "limit"],
  },
  {
    name: "an option that a middleware has not",
    ini: ["[pipeline:main]", "pipeline = cors shop", "[filter:cors]", "use = egg:tsgi#cors", "origns = *", ...APP],
    message: /Factory "tsgi#cors" failed: Unknown option "origns"; did you mean "origins"/,
    place: [5, "filter:cors", "origns"],
  },
  {
    name: "a package that is not there",
    ini: ["[app:main]", "use = egg:tsig#main"],
    message: /Cannot find the package "tsig" in node_modules.*; did you mean "tsgi"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a middleware that is not there",
    ini: ["[pipeline:main]", "pipeline = c shop", "[filter:c]", "use = egg:tsgi#corss", ...APP],
    message: /Entry point "corss" is not in package "tsgi".*; did you mean "cors"/,
    place: [4, "filter:c", "use"],
  },
  {
    name: "a required package that is not there",
    ini: [...MAIN, "require = tsig"],
    message: /Package "tsig" is required, but not found in node_modules.*; did you mean "tsgi"/,
    place: [3, "app:main", "require"],
  },
  {
    name: "an unknown scheme",
    ini: ["[app:main]", "use = eg:shop#main"],
    message: /unknown scheme "eg"; .*did you mean "egg"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a file that is not there",
    ini: ["[app:main]", "use = config:other.ini"],
    message: /Cannot read the configuration file ".*other\.ini"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "an unknown name in a value",
    ini: ["[DEFAULT]", "data = x", ...MAIN, "path = %(dta)s/y"],
    message: /Name "dta" in "%\(dta\)s" is neither in this section nor in \[DEFAULT\]; did you mean "data"/,
    place: [5, "app:main", "path"],
  },
  {
    name: "a bare percent sign",
    ini: [...MAIN, "rate = 5%"],
    message: /Value "5%" has a bare "%"; expected "%%" for a percent sign/,
    place: [3, "app:main", "rate"],
  },
  {
    name: "a global value that is not there",
    ini: ["[DEFAULT]", "data = x", ...MAIN, "get path = dta"],
    message: /No global value "dta" for "get path"; did you mean "data"/,
    place: [5, "app:main", "get path"],
  },
  {
    name: "a key twice",
    ini: [...MAIN, "a = 1", "a = 2"],
    message: /Key "a" is there twice in \[app:main\], first on line 3/,
    place: [4, "app:main", "a"],
  },
  {
    name: "a section twice",
    ini: [...MAIN, ...MAIN],
    message: /Section \[app:main\] is there twice, first on line 1/,
    place: [3, "app:main"],
  },
  {
    name: "text before the first section",
    ini: ["use = call:shop:app"],
    message: /Text "use = call:shop:app" stands before the first section/,
    place: [1],
  },
  {
    name: "sections in a circle",
    ini: ["[app:main]", "use = other", "[app:other]", "use = main"],
    message: /Sections refer to each other in a circle: \[app:main\] → \[app:other\] → \[app:main\]/,
    place: [4, "app:other", "use"],
  },
  {
    name: "a setting of the server that is none",
    ini: ["[server:main]", "use = egg:tsgi", "wrokers = 2", ...MAIN],
    message: /Unknown setting "wrokers"; did you mean "workers" \(wrokers = "2" in \[server:main\] \(.*\.ini:3\)\)/,
    place: [3, "server:main", "wrokers"],
    isSetting: true,
  },
  {
    name: "a setting of the server that cannot be",
    ini: ["[server:main]", "use = egg:tsgi", "workers = two", ...MAIN],
    message: /Cannot use workers = "two" in \[server:main\] \(.*\.ini:3\): expected a whole number/,
    place: [3, "server:main", "workers"],
    isSetting: true,
  },
  {
    name: "a server section without use",
    ini: ["[server:main]", "host = 127.0.0.1", ...MAIN],
    message: /No factory is given for a server; .*; TSGI's own server is "use = egg:tsgi"/,
    place: [1, "server:main"],
  },
  {
    name: "a port that is none",
    ini: ["[server:main]", "use = egg:waitress", "host = 127.0.0.1", "port = http", ...MAIN],
    message: /Cannot use port = "http" in \[server:main\] \(.*\.ini:4\): expected/,
    place: [4, "server:main", "port"],
    isSetting: true,
  },
];

const PYTHON_MISTAKES: readonly Mistake[] = [
  {
    name: "an attribute that is not there",
    ini: ["[app:main]", "use = call:snake:app_factry"],
    message: /Factory "snake:app_factry" failed: .*has no attribute 'app_factry'; did you mean "app_factory"/,
    place: [2, "app:main", "use"],
    check: /Python module "snake" has no attribute "app_factry"; did you mean "app_factory"/,
  },
  {
    name: "a module that is not there",
    ini: ["[app:main]", "paste.app_factory = snak:app_factory"],
    message: /Cannot find the module "snak".*; not found in Python either; did you mean "snake"/,
    place: [2, "app:main", "paste.app_factory"],
  },
  {
    name: "a module of a package that is not there",
    ini: ["[app:main]", "use = call:flask.helprs:app"],
    message: /Cannot find the module "flask\.helprs".*; did you mean "flask\.helpers"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "a module that does not import",
    ini: ["[app:main]", "use = call:lost:app"],
    message: /Factory "lost:app" failed: ModuleNotFoundError: No module named 'nowhere_to_be_found'/,
    place: [2, "app:main", "use"],
    check: /Python fails to look into the module "lost": ModuleNotFoundError: No module named 'nowhere_to_be_found'/,
  },
  {
    name: "a distribution that is not there",
    ini: ["[app:main]", "use = egg:Falsk#main"],
    message: /Cannot find the package "Falsk".*; did you mean "Flask"/,
    place: [2, "app:main", "use"],
  },
  {
    name: "an attribute that cannot be called",
    ini: ["[app:main]", "use = call:snake:number"],
    message: /Factory "snake:number" failed: TypeError: 'int' object is not callable/,
    place: [2, "app:main", "use"],
    check: /"snake:number" is a Python int; expected a factory function/,
  },
  {
    name: "a factory that raises",
    ini: ["[app:main]", "use = call:snake:raising"],
    message: /Factory "snake:raising" failed: ValueError: The database is away/,
    place: [2, "app:main", "use"],
    check: null,
  },
  {
    name: "a key that one of two applications of a factory does not take",
    ini: [...TWO, "[app:one]", "use = call:snake:app_factory", "[app:two]", "use = call:snake:app_factory", "txt = 1"],
    message: /Factory "snake:app_factory" failed: TypeError: .*'txt'; did you mean "text"/,
    place: [9, "app:two", "txt"],
    check: null,
  },
  {
    name: "a key that one of two filters of a factory does not take",
    ini: [
      "[pipeline:main]",
      "pipeline = one two shop",
      "[filter:one]",
      "use = call:snake:filter_factory",
      "[filter:two]",
      "use = call:snake:filter_factory",
      "wrd = 1",
      ...APP,
    ],
    message: /Factory "snake:filter_factory" failed: TypeError: .*'wrd'; did you mean "word"/,
    place: [7, "filter:two", "wrd"],
    check: null,
  },
  {
    name: "an application that a composite does not find",
    ini: ["[composite:main]", "use = call:snake:mounting", "root = shp", ...APP],
    message: /Factory "snake:mounting" failed: No section describes the application "shp".*; did you mean "shop"/,
    place: [3, "composite:main", "root"],
    check: null,
  },
  {
    name: "an application of a composite that does not load",
    ini: ["[composite:main]", "use = call:snake:mounting", "root = shop", "[app:shop]", "use = call:shop:ap"],
    message: /^tsgi: Module ".*shop\.ts" does not export "ap".*; did you mean "app"/m,
    place: [5, "app:shop", "use"],
    check: /Module ".*shop\.ts" does not export "ap".*; did you mean "app"/,
  },
];

/** A place as a message has it. */
function placeText(file: string, { place: [line, section, key], isSetting }: Mistake): string {
  if (isSetting === true) return ` in [${section}] (${file}:${line})`;
  const column = section !== undefined && key === undefined ? "" : ", column 1";
  const inside = `${section === undefined ? "" : `, section [${section}]`}${key === undefined ? "" : `, key "${key}"`}`;
  return ` (file "${project.path(file)}", line ${line}${column}${inside})\n`;
}

/** What `tsgi config check` does, in this process: to start it for each file would be a third of the whole. */
async function check(file: string): Promise<Pick<Result, "code" | "stdout" | "stderr">> {
  const globalConf = asGlobalConf([]);
  const problems = await checkConfig(file, { isImporting: true, guests: [], globalConf });
  problems.push(...checkIniServers(file, globalConf));
  const code = problems.some(({ level }) => level === "error") ? 1 : 0;
  return { code, stdout: `${formatProblems(problems)}\n`, stderr: "" };
}

async function expectMistake(mistake: Mistake): Promise<void> {
  const { name, ini, message, check: found = message } = mistake;
  const file = `${name.replaceAll(" ", "-")}.ini`;
  project.write(file, `${ini.join("\n")}\n`);
  const python = PYTHON === undefined ? {} : { TSGI_PYTHON: PYTHON };
  // The environment would win over the server section that is about to be wrong.
  const env = mistake.place[1] === "server:main" ? python : { ...python, TSGI_BIND: "127.0.0.1:0" };
  const [served, checked] = await Promise.all([
    project.run([file], { env }),
    PYTHON_MISTAKES.includes(mistake) || mistake.isSetting === true
      ? project.run(["config", "check", file], { env: python })
      : check(project.path(file)),
  ]);
  const place = placeText(file, mistake);
  expect(served.stderr).toMatch(message);
  expect(served.stderr).toContain(place);
  expect(served.code).not.toBe(0);
  expect(checked.stdout).toMatch(found ?? /^No problems found$/m);
  expect(checked.stdout).toContain(found === null ? "found" : place);
  expect([checked.code, checked.stderr]).toEqual([found === null ? 0 : 1, ""]);
}

describe("a mistake in a file", () => {
  test.concurrent.each(MISTAKES)("$name", expectMistake);

  test("the file itself", async () => {
    const { stderr, code } = await project.run(["nowhere.ini"]);
    expect([code, stderr]).toEqual([5, expect.stringContaining(`file "${project.path("nowhere.ini")}"`)]);
    const checked = await project.run(["config", "check", "nowhere.ini"]);
    expect([checked.code, checked.stdout]).toEqual([1, expect.stringContaining(project.path("nowhere.ini"))]);
  });
});

describe.skipIf(PYTHON === undefined)("a mistake about Python", () => {
  test.concurrent.each(PYTHON_MISTAKES)("$name", expectMistake);

  test("two factories, both named by the check", async () => {
    const two = ["[app:one]", "use = call:lost:app", "[app:two]", "use = call:lost:app"];
    project.write("two.ini", `${[...TWO, ...two].join("\n")}\n`);
    const { stdout } = await project.run(["config", "check", "two.ini"], { env: { TSGI_PYTHON: PYTHON ?? "" } });
    const places = [...stdout.matchAll(/line (\d+), column 1, section \[(.*?)\], key "use"/g)];
    expect(places.map(([, line, section]) => `${section} ${line}`)).toEqual(["app:one 6", "app:two 8"]);
  });
});
