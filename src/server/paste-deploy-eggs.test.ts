// TSGI's filters under the names of PasteDeploy's entry points.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadApp } from "../deploy/load.ts";
import { TestClient } from "../testing/test-client.ts";
import { pasteDeployEggs } from "./paste-deploy-eggs.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-eggs-"));
afterAll(() => rmSync(directory, { recursive: true }));

function load(text: string): ReturnType<typeof loadApp> {
  writeFileSync(join(directory, "app.ini"), text);
  return loadApp(`config:${directory}/app.ini`, { guests: [pasteDeployEggs] });
}

test("prefix and config work without Python", async () => {
  writeFileSync(
    join(directory, "teller.mjs"),
    `export const app = () => (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from([environ.SCRIPT_NAME, environ.PATH_INFO, environ["paste.config"].colour].join("|"))];
    };`,
  );
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

test.each([
  [
    "[filter-app:main]\nuse = egg:PasteDeploy#nothing\nnext = x\n[app:x]\nuse = call:teller:app\n",
    /"nothing" is not in package/,
  ],
  ["[app:main]\nuse = egg:PasteDeploy#prefix\n", /"prefix" is not in package/],
])("what is not there is an error: %j", async (text, message) => {
  await expect(load(text)).rejects.toThrow(message);
});
