// Loading by URI: an application, a filter, a server, or the values alone.
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { appConfig, loadApp, loadContext, loadFilter, loadServer, serverConfig } from "./load.ts";
import type { DeployWarning } from "./context.ts";
import { layersOf, Project, storyOf } from "../../test/deploy/project.ts";

const project = new Project();

describe("loadApp", () => {
  test("takes the name of the options, then the fragment, then main", async () => {
    const text = ["main", "one", "two"].map((name) => `[app:${name}]\nuse = call:factories:app\nname = ${name}\n`);
    const uri = project.write("three.ini", text.join(""));
    const nameOf = async (...args: Parameters<typeof loadApp>): Promise<string[]> =>
      layersOf(storyOf(await loadApp(...args)));
    expect(await nameOf(uri)).toEqual(["main"]);
    expect(await nameOf(`${uri}#one`)).toEqual(["one"]);
    expect(await nameOf(`${uri}#one`, { name: "two" })).toEqual(["two"]);
  });

  test("never takes a path relative to the working directory", async () => {
    await expect(loadApp("config:app.ini")).rejects.toMatchObject({ code: "ERR_TSGI_DEPLOY_RELATIVE" });
  });

  test("refuses a file that is not UTF-8", async () => {
    const uri = project.write("latin.ini", "");
    writeFileSync(project.path("latin.ini"), Buffer.from("[app:main]\nname = \xe4\n", "latin1"));
    await expect(loadApp(uri)).rejects.toThrow("is not valid UTF-8");
  });

  test("says what keeps it from a file that is there, and ends with 5 only for one that is not", async () => {
    await expect(loadApp(`config:${project.directory}`)).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_FILE",
      exitCode: 3,
      message: expect.stringContaining("EISDIR") as string,
    });
    await expect(loadApp(`config:${project.path("nowhere.ini")}`)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining("no such file") as string,
    });
  });
});

describe("loadFilter", () => {
  test("gives a middleware of all its layers, the first outermost", async () => {
    const text =
      "[filter:main]\nuse = call:factories:filter\nname = inner\nfilter-with = outer\n" +
      "[filter:outer]\nuse = call:factories:filter\nname = outer\n";
    const filter = await loadFilter(project.write("filters.ini", text));
    const app = await loadApp("call:factories:app", { relativeTo: project.directory });
    expect(layersOf(storyOf(filter(app)))).toEqual(["outer", "inner", "app"]);
  });
});

describe("servers", () => {
  const text =
    "[DEFAULT]\nworkers = 4\n[server:main]\nuse = egg:waitress#main\nhost = 0.0.0.0\nport = 6543\n" +
    "[server:second]\nuse = main\nport = 6544\nget workers = workers\n";

  test("serverConfig reads the settings of any section, whatever serves", () => {
    const uri = project.write("app.ini", text);
    expect(serverConfig(uri).localConf).toEqual({ host: "0.0.0.0", port: "6543" });
    expect(serverConfig(uri, { name: "second" }).localConf).toEqual({ host: "0.0.0.0", port: "6544", workers: "4" });
  });

  test("a filter over a server gets a warning, since nothing is filtered", () => {
    const warnings: DeployWarning[] = [];
    const uri = project.write("app.ini", "[server:main]\nuse = call:x:y\nfilter-with = f\n");
    const { localConf } = serverConfig(uri, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toMatchObject([{ line: 3, key: "filter-with" }]);
    expect(localConf).toEqual({ "filter-with": "f" });
  });

  test("loadServer says when the package is not there", async () => {
    const uri = project.write("app.ini", text);
    await expect(loadServer(uri)).rejects.toThrow('Cannot find the package "waitress" in node_modules');
  });
});

describe("appConfig", () => {
  test("needs no factory", () => {
    const uri = project.write("app.ini", "[app:main]\nuse = egg:not-installed\nx = 1\n");
    expect(appConfig(uri).localConf).toEqual({ x: "1" });
  });

  test("puts local values over global ones", () => {
    const uri = project.write("app.ini", "[DEFAULT]\na = 1\nb = 2\n[app:main]\nuse = call:x:y\nget c = a\n");
    const { values, globalConf, localConf } = appConfig(uri, { globalConf: { b: "3", c: "4" } });
    expect(globalConf).toMatchObject({ a: "1", b: "3", c: "4" });
    expect(localConf).toEqual({ c: "1" });
    expect(values).toMatchObject({ a: "1", b: "3", c: "1" });
  });
});

describe("loadContext", () => {
  const IGNORED = "[app:main]\nuse = call:factories:app\nhere = /\n";

  test("keeps the warnings, and sends them to those of the process", async () => {
    const uri = project.write("app.ini", IGNORED);
    const emitted = new Promise<Error>((resolve) => process.once("warning", resolve));
    expect(loadContext("application", uri).warnings).toHaveLength(1);
    expect(await emitted).toMatchObject({ name: "DeployWarning", code: "TSGI_DEPLOY_IGNORED" });
  });

  test("warns of a key once, however often its section is used", () => {
    const warnings: DeployWarning[] = [];
    const text = `[pipeline:main]\npipeline = f f a\n[filter:f]\nuse = call:x:y\nhere = /\n[app:a]\nuse = call:x:y\n`;
    loadContext("application", project.write("app.ini", text), { onWarning: (warning) => warnings.push(warning) });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('Key "here" of [filter:f] is ignored: every file has a global value of that name'),
    ]);
  });

  test("reads bare URIs of packages and modules", () => {
    expect(loadContext("application", "egg:shop", { relativeTo: "/srv" })).toMatchObject({
      section: null,
      protocol: null,
      reference: { kind: "egg", distribution: "shop", name: "main", directory: "/srv" },
      loader: { filename: null, file: null },
    });
    expect(loadContext("filter", "call:shop:filter", { globalConf: { a: "1" } })).toMatchObject({
      wanted: "filter",
      reference: { kind: "call", spec: "shop:filter", directory: process.cwd() },
    });
  });
});
