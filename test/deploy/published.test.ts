// The cases that PasteDeploy publishes with its own tests, with factories in TypeScript: what each fixture proves, it proves here.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { appConfig, loadApp, loadFilter, loadServer, type LoadOptions } from "../../src/deploy/load.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";

/** How an application was made; a copy of the type in factories.ts, which is loaded as a user's file is, not imported. */
interface About {
  readonly made: string;
  readonly globalConf?: Record<string, string>;
  readonly localConf?: Record<string, string>;
  readonly inner?: About;
  readonly mounts?: Readonly<Record<string, About>>;
}

const here = fileURLToPath(new URL("published", import.meta.url));

function aboutOf(application: WSGIApplication): About {
  return (application as unknown as { about: About }).about;
}

async function about(uri: string, options: LoadOptions = {}): Promise<About> {
  return aboutOf(await loadApp(uri, { relativeTo: here, onWarning: () => {}, ...options }));
}

describe.each(["basic.ini", "call.ini"])("%s", (file) => {
  test.each<[uri: string, options: LoadOptions, made: string]>([
    [`config:${file}`, {}, "basic"],
    [`config:${file}#main`, {}, "basic"],
    [`config:${file}#other`, {}, "other"],
    [`config:${file}`, { name: "other" }, "other"],
    [`config:${file}#main`, { name: "other" }, "other"],
  ])("%s with %j makes the app %s", async (uri, options, made) => {
    expect((await about(uri, options)).made).toBe(made);
  });

  test("a composite resolves sections by name", async () => {
    const { made, mounts } = await about(`config:${file}#addresses`);
    expect(made).toBe("by-address");
    expect(mounts).toEqual({ "127.0.0.1": { made: "basic" }, "0.0.0.0": { made: "other" } });
  });
});

describe("config.ini", () => {
  const file = join(here, "config.ini");
  const defaults = { def1: "a", def2: "b", basepath: here, here, __file__: file };

  test("[DEFAULT] interpolates, and is apart from local values", async () => {
    const { globalConf, localConf } = await about("config:config.ini#test1");
    expect(localConf).toEqual({ setting1: "foo", setting2: "bar", apppath: `${here}/app` });
    expect(globalConf).toEqual(defaults);
  });

  test("set changes and adds global values, without a trace in the next load", async () => {
    const { globalConf, localConf } = await about("config:config.ini#test2");
    expect(localConf).toEqual({ "local conf": "something" });
    expect(globalConf).toEqual({ ...defaults, def1: "test2", def2: "test2-b", another: "TEST" });
    expect((await about("config:config.ini#test1")).globalConf).toEqual(defaults);
  });

  test("use takes a section over, own values win, lines are joined", async () => {
    const { globalConf, localConf } = await about("config:config.ini#test3");
    expect(localConf).toEqual({ "local conf": "something", another: "something more\nacross several\nlines" });
    expect(globalConf).toEqual({ ...defaults, def1: "test3", def2: "test2-b", another: "TEST" });
  });

  test("get copies global values, after every set", async () => {
    const { localConf } = await about("config:config.ini#test-get");
    expect(localConf).toEqual({ def1: "set here", renamed: "b" });
  });

  test("use = config: takes a section of another file over", async () => {
    const { globalConf, localConf } = await about("config:config.ini#test-foreign");
    expect(localConf).toEqual({ another: "FOO", bob: "your uncle", "everyone loves": "mother" });
    expect(globalConf).toEqual({ ...defaults, def3: "c", glob: "override" });
  });

  test("the caller's globals beat [DEFAULT] and interpolate", async () => {
    const options = { globalConf: { given: "from the caller", def1: "caller" } };
    const { globalConf, localConf } = await about("config:config.ini#test-global", options);
    expect(localConf).toEqual({ test: "specific: from the caller" });
    expect(globalConf).toEqual({ ...defaults, def1: "caller", given: "from the caller" });
  });

  test("appConfig merges global and local values", () => {
    const config = appConfig("config:config.ini#test3", { relativeTo: here });
    expect(config.values).toEqual({ ...config.globalConf, ...config.localConf });
    expect(config.values["another"]).toBe("something more\nacross several\nlines");
  });

  test("appConfig reads through filter-with", () => {
    const config = appConfig("config:config.ini#test-filtered", { relativeTo: here });
    expect(config.localConf).toEqual({ foo: "bar" });
  });
});

test("error.ini: an interpolation error names file, line, section and key", async () => {
  await expect(about("config:error.ini")).rejects.toMatchObject({
    code: "ERR_TSGI_INTERPOLATION_MISSING",
    file: join(here, "error.ini"),
    line: 3,
    section: "app:main",
    key: "setting",
  });
});

describe("filter.ini", () => {
  test("filter-app wraps what next names", async () => {
    const { made, localConf, inner } = await about("config:filter.ini#filt");
    expect([made, localConf, inner]).toEqual(["caps", { method_to_call: "lower" }, { made: "other" }]);
  });

  test("a pipeline nests from left to right, with both filter protocols", async () => {
    const pipe = await about("config:filter.ini#pipe");
    expect([pipe.made, pipe.inner?.made, pipe.inner?.inner?.made]).toEqual(["caps", "caps2", "other"]);
  });

  test("filter-app takes an explicit protocol", async () => {
    const { made, inner } = await about("config:filter.ini#filt-explicit");
    expect([made, inner?.made]).toEqual(["caps2", "other"]);
  });

  test("filter-with takes a URI", async () => {
    const { made, inner } = await about("config:filter.ini#filtered-by-uri");
    expect([made, inner?.made]).toEqual(["caps2", "other"]);
  });

  test("a pipeline refuses other keys", async () => {
    await expect(about("config:filter.ini#extra")).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_KEY_EXTRA",
      line: 15,
      key: "colour",
    });
  });

  test("a filter loads by itself", async () => {
    const filter = await loadFilter("config:filter.ini#filt2", { relativeTo: here });
    const app = await loadApp("config:filter.ini#other", { relativeTo: here });
    const filtered = aboutOf(filter(app));
    expect([filtered.made, filtered.inner?.made]).toEqual(["caps2", "other"]);
  });
});

test("filter-with.ini: the filter of a filter is further outside", async () => {
  const main = await about("config:filter-with.ini");
  expect([main.localConf?.["name"], main.inner?.localConf?.["name"]]).toEqual(["outer", "inner"]);
  expect(main.inner?.inner?.made).toBe("basic");
});

describe("a package", () => {
  test("gives its entry points, without a file", async () => {
    expect(await about("egg:fake-app#other")).toEqual({ made: "other" });
    expect((await about("egg:FAKE-APP#configed", { globalConf: { a: "b" } })).globalConf).toEqual({ a: "b" });
  });

  test.each<[name: string, made: string]>([
    ["main", "server"],
    ["runner", "runner"],
  ])("gives the server %s", async (name, made) => {
    const server = await loadServer(`egg:fake-app#${name}`, { relativeTo: here });
    const app = await loadApp("egg:fake-app#basic", { relativeTo: here });
    expect(server(app)).toMatchObject({ made, serves: { made: "basic" } });
  });

  test("tells which entry points it has", async () => {
    const message = 'Entry point "othr" is not in package "fake-app" (protocols: paste.app_factory';
    await expect(about("egg:fake-app#othr")).rejects.toThrow(message);
    await expect(about("egg:fake-app#othr")).rejects.toThrow('did you mean "other"');
  });
});

test("an included file keeps the __file__ of the file that uses it, and finds its own factories", () => {
  const config = appConfig("config:published/config.ini#test-foreign", { relativeTo: dirname(here) });
  expect(config.globalConf["__file__"]).toBe(join(here, "config.ini"));
});
