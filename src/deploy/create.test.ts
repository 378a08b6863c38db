// How objects are built: what is awaited, what composites get, and what factories throw or return.
import { describe, expect, test } from "vitest";
import { loadApp, loadFilter, loadServer } from "./load.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { FILTERS, layersOf, Project } from "../../test/deploy/project.ts";

const project = new Project({
  "picky.mjs": `
const mistake = (code, what, place) => Object.assign(new Error(what), { code, what, detail: "", ...place });
export const unreadable = (g, l) => { throw mistake("ERR_TSGI_DEPLOY_VALUE", \`Value "\${l.debug}" is neither\`, { key: "debug" }); };
export const placed = () => { throw mistake("ERR_TSGI_DEPLOY_VALUE", "Not here", { file: "/other.ini" }); };
export const thrower = () => { throw "no more disk"; };
export const quoting = (g, l) => { throw new Error(\`Option '\${l.quoted}' cannot be\`); };
export const rejecting = async () => { throw new Error("the database is away"); };
export const failingFilter = () => () => { throw new Error("no application"); };
export const emptyFilter = () => async () => null;
export const notFilter = async () => null;
`,
});

describe("asynchronous factories", () => {
  test("of every kind are awaited", async () => {
    const text =
      "[pipeline:main]\npipeline = g h a\n[filter:h]\npaste.filter_app_factory = factories:filterApp\nname = h\n" +
      "[app:a]\npaste.app_factory = factories:slowApp\n";
    expect(layersOf(await project.story(text + FILTERS))).toEqual(["g", "h", "slow"]);
  });

  test("loadFilter gives middleware, even when a part of it is asynchronous", async () => {
    const uri = project.write("app.ini", `[filter:main]\npaste.filter_app_factory = factories:filterApp\n${FILTERS}`);
    const called: string[] = [];
    const inner: WSGIApplication = () => [];
    const application = (await loadFilter(uri))(inner);
    await application({} as never, (status) => {
      called.push(status);
      return () => {};
    });
    expect(called).toEqual(["200 OK"]);
  });
});

describe("composites", () => {
  test("load other applications by name, globals handed on", async () => {
    const text =
      "[composite:main]\nuse = call:factories:composite\nset level = 2\n/ = a\n/b = b\n" +
      "[app:a]\nuse = call:factories:app\n[pipeline:b]\npipeline = f a\n";
    const { mounts } = await project.story(text + FILTERS);
    expect(layersOf(mounts?.["/"])).toEqual(["app"]);
    expect(layersOf(mounts?.["/b"])).toEqual(["f", "app"]);
    expect(mounts?.["/"]?.globalConf).toMatchObject({ level: "2" });
  });

  test("find [app] when they give no name", async () => {
    const text = "[composite:main]\nuse = call:factories:shortForm\n[app]\nuse = call:factories:app\nname = short\n";
    await expect(project.story(text)).rejects.toMatchObject({ code: "ERR_TSGI_DEPLOY_SECTION_AMBIGUOUS" });
    const other = text.replace("[composite:main]", "[composite:x]");
    expect(layersOf((await project.story(other, { name: "x" })).inner)).toEqual(["short"]);
  });

  test("get filters, servers, contexts and the parsed file from their loader", async () => {
    const text =
      "[composite:main]\nuse = call:factories:loading\n[app:a]\nuse = call:factories:app\n" +
      "[filter:f]\nuse = call:factories:filter\nname = f\n[server:main]\nuse = call:factories:server\n";
    const main = await project.story(text);
    expect(main.made).toBe("server");
    expect(main.localConf).toEqual({
      filename: project.path("app.ini"),
      kinds: "application filter server",
      sections: "composite:main app:a filter:f server:main",
    });
    expect(layersOf(main.inner)).toEqual(["f", "app"]);
    expect(main.inner?.inner?.globalConf["added"]).toBe("by hand");
  });

  test("that load themselves end with an error", async () => {
    const text = "[composite:main]\nuse = call:factories:composite\n/ = main\n";
    await expect(project.story(text)).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_CYCLE",
      section: "composite:main",
    });
  });
});

describe("a filter of several layers", () => {
  test("waits where one of them is asynchronous", async () => {
    const text =
      "[filter:main]\npaste.filter_app_factory = factories:filterApp\nname = inner\nfilter-with = outer\n" +
      "[filter:outer]\npaste.filter_app_factory = factories:filterApp\nname = outer\n";
    const told: string[] = [];
    const inner = Object.assign<WSGIApplication, object>(() => [], { story: { made: "app", localConf: {} } });
    const application = (await loadFilter(project.write("app.ini", text)))(inner);
    await application({} as never, (status) => {
      told.push(status);
      return () => {};
    });
    expect(told).toEqual(["200 OK"]);
  });
});

describe("servers", () => {
  const SERVER = "[server:main]\nuse = call:factories:server\nport = 80\n";
  const RUNNER = "[server:main]\npaste.server_runner = factories:runner\nport = 80\n";

  test.each([
    ["made by a factory", SERVER, "server"],
    ["that is a runner", RUNNER, "runner"],
  ])("%s serves an application", async (_, text, made) => {
    const serve = await loadServer(project.write("server.ini", text));
    const app = await loadApp("call:factories:app", { relativeTo: project.directory });
    expect(serve(app)).toMatchObject({ made, localConf: { port: "80" }, inner: { made: "app" } });
  });

  test("must be functions", async () => {
    const uri = project.write("server.ini", "[server:main]\nuse = call:factories:nothing\n");
    await expect(loadServer(uri)).rejects.toThrow(
      'Factory "factories:nothing" returned undefined; expected a server: a function of an application',
    );
  });
});

describe("packages of require", () => {
  test("are searched beside the file that requires them", async () => {
    project.write("node_modules/present/package.json", '{"name":"present"}');
    const text = "[app:main]\nuse = call:factories:app\nrequire = present\n";
    expect((await project.story(text)).made).toBe("app");
    const absent = text.replace("= present", "= present absent");
    await expect(project.story(absent)).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_REQUIRE",
      key: "require",
      message: expect.stringContaining('"absent" is required, but not found in node_modules') as string,
    });
  });

  test("are checked for every part, not for the whole only", async () => {
    const text =
      "[pipeline:main]\npipeline = f a\n[app:a]\nuse = call:factories:app\n" +
      "[filter:f]\nuse = call:factories:filter\nrequire = absent\n";
    await expect(project.story(text)).rejects.toMatchObject({ section: "filter:f", key: "require" });
  });
});

/** What an error of these sections says, and where. */
async function errorOf(sections: string): Promise<unknown> {
  return project.story(sections).then(
    () => new Error("Nothing was thrown"),
    (thrown: unknown) => thrown,
  );
}

describe("what a factory throws or returns becomes an error with its place", () => {
  test("and is kept as the cause", async () => {
    expect(await errorOf("[app:main]\nuse = call:factories:failing\n")).toMatchObject({
      code: "ERR_TSGI_DEPLOY_FACTORY",
      message: expect.stringContaining('Factory "factories:failing" failed: the database is away') as string,
      line: 2,
      cause: { message: "the database is away" },
    });
  });

  test.each<[what: string, use: string, message: string]>([
    ["a rejection", "call:picky:rejecting", "failed: the database is away"],
    ["what is no error", "call:picky:thrower", "failed: no more disk"],
    ["no application", "call:factories:nothing", "undefined"],
  ])("%s", async (_, use, message) => {
    const error = await errorOf(`[app:main]\nuse = ${use}\n`);
    expect(error).toMatchObject({ line: 2, message: expect.stringContaining(message) as string });
  });

  test.each<[what: string, use: string, message: string]>([
    ["that throws when it is applied", "call:picky:failingFilter", "failed: no application"],
    ["that makes no application", "call:picky:emptyFilter", "Cannot use null as an application"],
    ["that is no function", "call:picky:notFilter", "returned null; expected a filter: a function from application"],
  ])("a filter %s", async (_, use, message) => {
    const text = `[pipeline:main]\npipeline = f a\n[app:a]\nuse = call:factories:app\n[filter:f]\nuse = ${use}\n`;
    expect(await errorOf(text)).toMatchObject({ line: 6, message: expect.stringContaining(message) as string });
  });

  test.each<[key: string, quoted: string, line: number]>([
    ["max_age", "maxAge", 3],
    ["max age", "max-age", 3],
    ["max_age", "other", 2],
  ])("the place is that of the key %j where the message quotes %j: line %i", async (key, quoted, line) => {
    const text = `[app:main]\nuse = call:picky:quoting\n${key} = x\nquoted = ${quoted}\n`;
    expect(await errorOf(text)).toMatchObject({ line, code: "ERR_TSGI_DEPLOY_FACTORY" });
  });

  test("a value that a converter of any copy of TSGI cannot read is where it was written, through use too", async () => {
    const text = "[app:base]\nuse = call:picky:unreadable\n[app:main]\nuse = base\n\ndebug = perhaps\n";
    await expect(project.story(text)).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_VALUE",
      message: expect.stringMatching(
        /^Value "perhaps" is neither [^(]*\(file "[^"]*app.ini", line 6, [^(]*$/,
      ) as string,
      section: "app:main",
      key: "debug",
    });
  });

  test("an error that has a place keeps it", async () => {
    const error = await errorOf("[app:main]\nuse = call:picky:placed\n");
    expect(error).toMatchObject({ file: "/other.ini", message: "Not here" });
  });

  test("secrets of the values are hidden", async () => {
    const text = "[app:main]\nuse = call:picky:quoting\npassword = hunter2-x\nquoted = hunter2-x\n";
    expect(String(await errorOf(text))).toContain("Option '(hidden)' cannot be");
  });
});
