// Prefix and scheme of a front end that says neither, as waitress has them.
import { expect, test } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { mounted } from "./mounted.ts";

const tell: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(`${environ["wsgi.url_scheme"]} "${environ.SCRIPT_NAME}" "${environ.PATH_INFO}"`, "latin1")];
};

test.each<[Parameters<typeof mounted>[1], string, string]>([
  [{ urlPrefix: null, urlScheme: "auto" }, "/a", 'http "" "/a"'],
  [{ urlPrefix: "", urlScheme: "auto" }, "/a", 'http "" "/a"'],
  [{ urlPrefix: "/shop/", urlScheme: "auto" }, "/shop/a", 'http "/shop" "/a"'],
  [{ urlPrefix: "/shop", urlScheme: "auto" }, "/a", 'http "/shop" "/a"'],
  [{ urlPrefix: "/shop", urlScheme: "https" }, "/shop", 'https "/shop" ""'],
  [{ urlPrefix: null, urlScheme: "https" }, "/a", 'https "" "/a"'],
])("mounted with %j tells of %s: %s", async (settings, path, told) => {
  expect((await new TestClient(mounted(tell, settings)).get(path)).text()).toBe(told);
});

test("mounted refuses a prefix that is no path", () => {
  expect(() => mounted(tell, { urlPrefix: "shop", urlScheme: "auto" })).toThrow('expected a path from "/"');
});
