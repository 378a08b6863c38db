// Packages of Python that files name, where Python does not have them: TSGI's own filters stand in, or an error names them.
import { expect, test } from "vitest";
import { loadApp } from "./load.ts";
import type { Protocol } from "./object-type.ts";
import { builtinFactory, findPackage, PACKAGE_GROUPS, packageFactory, packageNames } from "./package-factories.ts";
import { TestClient } from "../testing/test-client.ts";
import { Project } from "../../test/deploy/project.ts";

const project = new Project({
  "teller.mjs": `export const app = () => (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from([environ.SCRIPT_NAME, environ.PATH_INFO, environ["paste.config"]?.colour].join("|"))];
  };`,
});

function load(text: string): ReturnType<typeof loadApp> {
  return loadApp(project.write("app.ini", text));
}

test("PasteDeploy's prefix and config work without Python, whatever the spelling of the package", async () => {
  const app = await load(`
[pipeline:main]
pipeline = prefix config app
[filter:prefix]
use = egg:PasteDeploy#prefix
prefix = /shop
[filter:config]
use = egg:paste_deploy#config
require = PasteDeploy
colour = red
[app:app]
use = call:teller:app
`);
  expect((await new TestClient(app).get("/shop/pens")).text()).toBe("/shop|/pens|red");
});

test("Paste's urlmap and cascade are TSGI's", async () => {
  const app = await load(`
[composite:main]
use = egg:Paste#urlmap
/a = tries
[composite:tries]
use = egg:Paste#cascade
app1 = app
[app:app]
use = call:teller:app
`);
  expect((await new TestClient(app).get("/a/b")).text()).toBe("/a|/b|");
});

test.each([
  ["a name that PasteDeploy has not", "egg:PasteDeploy#prefx", /"prefx" is not in package.*; did you mean "prefix"/],
  ["a name that Paste has not", "egg:Paste#nothing", /"nothing" is not in package "Paste"/],
  ["what TSGI has under another name", "egg:Paste#translogger", /TSGI's own, .*, is "egg:tsgi#access-log"/],
  ["a filter of TSGI that is mistyped", "egg:tsgi#corss", /"corss" is not in package "tsgi".*; did you mean "cors"/],
  ["an application that is asked for as a filter", "egg:Paste#urlmap", /"urlmap" is not in package "Paste"/],
])("%s is an error that helps", async (_what, use, message) => {
  const text = `[pipeline:main]\npipeline = f app\n[filter:f]\nuse = ${use}\n[app:app]\nuse = call:teller:app\n`;
  await expect(load(text)).rejects.toThrow(message);
});

test("everything that errors name in the place of Paste's is there", async () => {
  const { counterpartOf } = await import("./package-factories.ts");
  const names = ["auth_basic", "auth_digest", "cgitb", "error_catcher", "errordocument", "evalerror", "flup_session"];
  const others = ["grantip", "gzip", "lint", "paste_session", "profile", "static", "translogger"];
  for (const name of [...names, ...others]) {
    const module = counterpartOf("Paste", name) ?? "none";
    const found = await import(`../middleware/${module}.ts`);
    expect(found).toHaveProperty("filterFactory");
  }
});

test.each<[name: string, protocol: Protocol]>([
  ["cgi", "paste.app_factory"],
  ["cgi-bin", "paste.app_factory"],
  ["psgi", "paste.app_factory"],
  ["rack", "paste.app_factory"],
  ["rack-middleware", "paste.filter_factory"],
  ["plack", "paste.filter_factory"],
  ["guest", "paste.app_factory"],
  ["guest-middleware", "paste.filter_factory"],
  ["fastcgi", "paste.app_factory"],
  ["proxy", "paste.app_factory"],
  ["scgi", "paste.app_factory"],
  ["uwsgi", "paste.app_factory"],
  ["wsgi", "paste.app_factory"],
])("egg:tsgi#%s is a guest, by %s only", async (name, protocol) => {
  const all = Object.keys(PACKAGE_GROUPS) as Protocol[];
  expect(await builtinFactory("tsgi", name, all)).toEqual({
    protocol,
    factory: expect.any(Function) as unknown,
    location: `tsgi#${name}`,
  });
  expect(
    await builtinFactory(
      "tsgi",
      name,
      all.filter((other) => other !== protocol),
    ),
  ).toBeNull();
  expect(await builtinFactory("Paste", name, all), "of no other package").toBeNull();
});

test.each<[group: string, protocol: Protocol]>([
  ["apps", "paste.app_factory"],
  ["composites", "paste.composite_factory"],
  ["composits", "paste.composit_factory"],
  ["filters", "paste.filter_factory"],
  ["filterApps", "paste.filter_app_factory"],
  ["servers", "paste.server_factory"],
  ["serverRunners", "paste.server_runner"],
])('the group "%s" of a package.json has the factories of %s', (group, protocol) => {
  const found = { root: "/package", manifest: { tsgi: { [group]: { main: "./f.mjs:make" } } } };
  expect(packageFactory(found, protocol, "main")).toBe("./f.mjs:make");
  for (const name of ["other", "toString"]) expect(packageFactory(found, protocol, name)).toBeNull();
  expect(packageNames(found, [protocol])).toEqual(["main"]);
});

test.each<[wanted: string, directory: string, name: string | undefined]>([
  ["outer", "a/b", "outer"],
  ["inner", "a/b", "inner"],
  ["inner", ".", undefined],
  ["Mixed", "a", "mixed"],
])("package %s is found from %s as %s: in node_modules there and above", (wanted, directory, name) => {
  const manifest = (text: string): string => JSON.stringify({ name: text });
  project.write("node_modules/outer/package.json", manifest("outer"));
  project.write("node_modules/mixed/package.json", manifest("mixed"));
  project.write("a/b/node_modules/inner/package.json", manifest("inner"));
  expect(findPackage(wanted, project.path(directory))?.manifest.name).toBe(name);
});
