// The table of the environ's keys, held against real requests in both languages, and against the constants of the sources.
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { ENVIRON_KEYS } from "../scripts/environ-keys.ts";
import { Project } from "./cli-command.ts";
import { venvPython } from "./needs.ts";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
const table = Object.values(ENVIRON_KEYS).flat();
const OF_SERVERS = ["The request", "The connection", "Streams and calls"].flatMap((title) => ENVIRON_KEYS[title] ?? []);
const python = venvPython();

const TYPESCRIPT = `
export const application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify(Object.fromEntries(Object.keys(environ).map((key) => [key, typeof environ[key]]))))];
};
`;
const PYTHON = `
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({key: type(value).__name__ for key, value in environ.items()}).encode()]
`;

let project: Project | undefined;

afterEach(() => project?.remove());

/** The types of what an application sees, by key. */
async function seenBy(target: string, headers: Record<string, string>, body = ""): Promise<Record<string, string>> {
  project = new Project({ "app.js": TYPESCRIPT, "app.py": PYTHON });
  const server = project.start([target, "--bind", "127.0.0.1:0"], { env: { TSGI_PYTHON: python } });
  try {
    const port = await server.port();
    return await new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path: "/a?b=c", method: "POST", headers, agent: false };
      request(options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(JSON.parse(text) as Record<string, string>)).on("error", reject);
      })
        .on("error", reject)
        .end(body);
    });
  } finally {
    await server.stop();
  }
}

const withBody = { "Content-Type": "text/plain", "Content-Length": "2", "X-Other": "1" };
const names = (keys: readonly string[]): string[] =>
  [...new Set(keys.map((key) => key.replace(/^HTTP_.*/, "HTTP_*")))].toSorted();

test("a TypeScript application finds what the table says, of the type that it says, and nothing else", async () => {
  const seen = await seenBy("app.js", withBody, "hi");
  const expected = OF_SERVERS.filter(
    ({ key, isOnlyInPython = false }) => !isOnlyInPython && !["tsgi.platform", "tsgi.upgrade"].includes(key),
  );
  expect(names(Object.keys(seen))).toEqual(expected.map(({ key }) => key).toSorted());
  const plain = expected.filter(
    ({ key, type }) => ["string", "boolean", "function"].includes(type) && key !== "HTTP_*",
  );
  expect(seen).toMatchObject(Object.fromEntries(plain.map(({ key, type }) => [key, type])));
});

test("without a body, a TypeScript application finds what is always there, and the way to another protocol", async () => {
  const seen = await seenBy("app.js", { Connection: "Upgrade", Upgrade: "other" });
  const always = OF_SERVERS.filter(
    ({ when, isOnlyInPython = false }) => !isOnlyInPython && (when === null || when.startsWith("always")),
  );
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(always.map(({ key }) => key)));
  expect(seen).toMatchObject({ "tsgi.upgrade": "function" });
  expect(Object.keys(seen)).not.toContain("CONTENT_TYPE");
});

describe.skipIf(python === undefined)("in Python", () => {
  test("an application finds what the table says, and nothing else", async () => {
    const seen = await seenBy("app.py", withBody, "hi");
    const expected = OF_SERVERS.filter(({ isInPython = true }) => isInPython).map(({ key }) => key);
    expect(names(Object.keys(seen))).toEqual(expected.toSorted());
    expect(Object.keys(seen).filter((key) => !key.includes(".") && seen[key] !== "str")).toEqual([]);
  });
});

test("has every key that a middleware or a gateway names", () => {
  const folders = ["wsgi", "middleware", "framework", "gateways"].map((name) => join(SRC, name));
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
  );
  const named = paths
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap((path) => [...readFileSync(path, "utf8").matchAll(/^export const [A-Z_]+ = "([a-z_]+\.[a-z_.]+)";$/gm)])
    .map(([, key = ""]) => key);
  expect(named.length).toBeGreaterThan(20);
  const keys = table.map(({ key }) => key);
  expect(named.filter((key) => !keys.includes(key))).toEqual([]);
  expect(keys.filter((key) => key.includes(".") && !named.includes(key))).toEqual([]);
  const ofCertificates = readFileSync(join(SRC, "http", "endpoints.ts"), "utf8").match(/\bSSL_CLIENT_[A-Z_]+(?=:)/g);
  expect(ofCertificates?.toSorted()).toEqual(keys.filter((key) => key.startsWith("SSL_")).toSorted());
  expect(new Set(keys).size).toBe(keys.length);
});
