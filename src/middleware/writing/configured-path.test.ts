// Paths that people write as text, against the native strings of the environ.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { configuredBase, isBelow } from "./configured-path.ts";
import { csrf } from "../csrf.ts";
import { errorDocuments } from "../error-documents.ts";
import { maintenance } from "../maintenance.ts";
import { pastePrefix } from "../paste-prefix.ts";
import { scriptName } from "../script-name.ts";
import { selector } from "../selector.ts";
import { sendfile } from "../sendfile.ts";
import { sessionStore } from "../session-store.ts";
import { sessionOf } from "../sessions/session.ts";
import { staticFiles } from "../static.ts";
import { urlMap } from "../url-map.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-paths-"));
writeFileSync(join(directory, "a.txt"), "file");
afterAll(() => rmSync(directory, { recursive: true }));

/** Says where it stands, as text. */
const tell: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`, "latin1")];
};
const missing: WSGIApplication = (environ, startResponse) => {
  if (environ.PATH_INFO.startsWith("/caf")) return tell(environ, startResponse);
  startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
  return [];
};
const withFile: WSGIApplication = (_environ, startResponse) => {
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["X-Sendfile", join(directory, "a.txt")],
  ]);
  return [];
};
const visited: WSGIApplication = (environ, startResponse) => {
  sessionOf(environ).set("seen", true);
  return tell(environ, startResponse);
};

describe("a configured path beyond ASCII", () => {
  it.each<[string, WSGIApplication, string, string]>([
    ["url-map", urlMap([{ path: "/café", application: tell }]), "/caf%C3%A9/x", "200 /café|/x"],
    ["script-name", scriptName({ prefix: "/café", required: true })(tell), "/caf%C3%A9/x", "200 /café|/x"],
    ["paste-prefix", pastePrefix({ prefix: "/café" })(tell), "/caf%C3%A9/x", "200 /café|/x"],
    [
      "selector",
      selector({ routes: [{ path: "/café/{id}", methods: { GET: tell } }] }),
      "/caf%C3%A9/x",
      "200 /café/x|",
    ],
    [
      "the prefix of selector",
      selector({ prefix: "/café", routes: [{ path: "/{größe}", methods: { GET: tell } }] }),
      "/caf%C3%A9/x",
      "200 /café/x|",
    ],
    [
      "static",
      staticFiles({ root: directory, prefix: "/café", fallThrough: false })(tell),
      "/caf%C3%A9/a.txt",
      "200 file",
    ],
    ["maintenance", maintenance({ allowPaths: ["/café"] })(tell), "/caf%C3%A9/x", "200 |/café/x"],
    ["error-documents", errorDocuments({ documents: { 404: { path: "/café" } } })(missing), "/x", "404 |/café"],
  ])("of %s is found", async (_, application, address, expected) => {
    const response = await new TestClient(application).get(address);
    expect(`${response.status} ${response.text()}`).toBe(expected);
  });

  it("of csrf is exempt", async () => {
    const client = new TestClient(csrf({ exemptPaths: ["/café"] })(tell));
    expect((await client.post("/caf%C3%A9/x")).status).toBe(200);
    expect((await client.post("/cafe")).status).toBe(403);
  });

  it("of sendfile and of cookies is written as addresses are", async () => {
    const accel = sendfile({ variation: "x-accel-redirect", mapping: { [directory]: "/geschützt" } })(withFile);
    expect((await new TestClient(accel).get("/")).headers.get("X-Accel-Redirect")).toBe("/gesch%C3%BCtzt/a.txt");
    const session = sessionStore({ cookiePath: "/café" })(visited);
    expect((await new TestClient(session).get("/caf%C3%A9")).headers.get("Set-Cookie")).toMatch(
      /Path=\/caf%C3%A9(?:;|$)/,
    );
  });
});

it.each([
  ["/app", "/app"],
  ["/app///", "/app"],
  ["/", ""],
  ["/é/", "/\u00c3\u00a9"],
])("configuredBase gives %j as %j", (path, native) => {
  expect(configuredBase(path, "prefix")).toBe(native);
});

it.each(["", "app", "https://x"])("configuredBase refuses %j", (path) => {
  expect(() => configuredBase(path, "prefix")).toThrow(`Option "prefix" is "${path}"; expected a path from "/"`);
});

it.each([
  ["/app", "/app", true],
  ["/app/", "/app", true],
  ["/app/x", "/app", true],
  ["/apple", "/app", false],
  ["/", "/app", false],
  ["/x", "", true],
  ["", "", true],
])("isBelow tells whether %j is below %j: %s", (path, base, expected) => {
  expect(isBelow(path, base)).toBe(expected);
});
