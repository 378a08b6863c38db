// A file of the kind that OpenStack's services ship loads and answers: a map of versions, pipelines chosen by the way of signing
// in, a dozen filters each. The cascade of TSGI is found in the same way as the map.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkConfig } from "../../src/deploy/check.ts";
import { loadApp } from "../../src/deploy/load.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { Project } from "./project.ts";

const file = fileURLToPath(new URL("openstack/api-paste.ini", import.meta.url));

test.each<[name: string, strategy: string, address: string, filters: string, text: string]>([
  ["osapi", "keystone", "/v2/servers", "12", "/v2|/servers|"],
  ["osapi", "keystone", "/v2.1/servers/1", "13", "/v2.1|/servers/1|2.1"],
  ["osapi", "keystone", "/", "3", "|/|"],
  ["api_v2", "noauth", "/servers", "7", "|/servers|"],
])("%s by %s: %s passes %s filters", async (name, strategy, address, filters, text) => {
  const app = await loadApp(`config:${file}#${name}`, { globalConf: { auth_strategy: strategy } });
  const response = await new TestClient(app, { raiseErrors: true }).get(address);
  expect(response.headers.get("X-Filters")).toBe(filters);
  expect(response.text()).toBe(text);
});

test("the whole file is without problems", async () => {
  expect(await checkConfig(file)).toEqual([]);
});

test("egg:tsgi#cascade and egg:Paste#cascade try applications in turn", async () => {
  const project = new Project({
    "answers.mjs": `export const answer = (globals, { status }) => (environ, startResponse) => {
      startResponse(status, [["Content-Type", "text/plain"]]);
      return [Buffer.from(status)];
    };`,
  });
  const text = (egg: string): string =>
    `[composite:main]\nuse = egg:${egg}#cascade\napp1 = a\napp2 = b\n[app:a]\nuse = call:answers:answer\nstatus = 404 Not Found\n` +
    "[app:b]\nuse = a\nstatus = 200 OK\n";
  for (const egg of ["tsgi", "Paste"]) {
    const app = await loadApp(project.write("app.ini", text(egg)));
    expect((await new TestClient(app).get("/")).text()).toBe("200 OK");
  }
});
