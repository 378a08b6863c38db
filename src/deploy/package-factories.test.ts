// Packages of Python that files name, where Python does not have them: TSGI's own filters stand in, or an error names them.
import { expect, test } from "vitest";
import { loadApp } from "./load.ts";
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
