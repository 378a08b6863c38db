// The page that is shown while a flag is there.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, maintenance, type MaintenanceOptions } from "./maintenance.ts";

const hello = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from("hello")];
});

const statusOf = async (options: MaintenanceOptions, path = "/"): Promise<number> =>
  (await new TestClient(maintenance(options)(hello), { raiseErrors: true }).get(path)).status;

test("maintenance says when to come back, and that nobody should keep it", async () => {
  const client = new TestClient(filterFactory({}, { retry_after_seconds: "60" })(hello), { raiseErrors: true });
  const response = await client.get("/");
  expect([response.status, response.headers.get("Retry-After"), response.headers.get("Cache-Control")]).toEqual([
    503,
    "60",
    "no-store",
  ]);
  expect(response.text()).toContain("<h1>We will be back soon</h1>");
  expect((await client.head("/")).text()).toBe("");
});

test("maintenance follows its flag file, and shows its page", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-maintenance-"));
  try {
    const [flagFile, page] = [join(directory, "flag"), join(directory, "page.html")];
    const client = new TestClient(maintenance({ flagFile, page, checkSeconds: 0 })(hello), { raiseErrors: true });
    expect((await client.get("/")).status).toBe(200);
    writeFileSync(flagFile, "");
    expect((await client.get("/")).text()).toContain("We will be back soon");
    writeFileSync(page, "<p>Until noon</p>");
    expect((await client.get("/")).text()).toContain("<p>Until noon</p>");
    rmSync(flagFile);
    expect((await client.get("/")).status).toBe(200);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("maintenance is off where its flag file cannot be looked for: below something that is a file", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-maintenance-"));
  try {
    writeFileSync(join(directory, "run"), "");
    expect(await statusOf({ flagFile: join(directory, "run", "flag") })).toBe(200);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each<[status: number, options: MaintenanceOptions, path?: string]>([
  [200, { enabled: false }],
  [200, { allow: ["127.0.0.0/8"] }],
  [200, { allow: ["::1", "127.0.0.1"] }],
  [503, { allow: ["10.0.0.0/8"] }],
  [200, { allowPaths: ["/health"] }, "/health"],
  [200, { allowPaths: ["/health"] }, "/health/live"],
  [503, { allowPaths: ["/health"] }, "/healthy"],
])("maintenance answers %i with %j at %s", async (status, options, path) => {
  expect(await statusOf(options, path)).toBe(status);
});

test.each<[Record<string, string>, string]>([
  [{ allow: "example.org" }, 'has the entry "example.org"'],
  [{ allow: "10.0.0.0/33" }, 'has the entry "10.0.0.0/33"'],
  [{ retry_after_seconds: "-1" }, "expected 0 or more"],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});
