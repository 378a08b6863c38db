import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveSettings } from "../server/settings/resolve.ts";
import { showConfig } from "./show-config.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-show-"));
beforeAll(() => {
  writeFileSync(
    join(directory, "app.mjs"),
    `if (process.env.SHOW_CONFIG_TEST !== "a=b") throw new Error("no variable");\nexport const application = () => [];`,
  );
  writeFileSync(join(directory, "broken.mjs"), `throw new Error("no luck");`);
  writeFileSync(
    join(directory, "tsgi.config.mjs"),
    `export default { workers: 3, env: ["SHOW_CONFIG_TEST=a=b"], errorLogfile: ${JSON.stringify(join(directory, "log"))} };`,
  );
});
afterAll(() => {
  delete process.env["SHOW_CONFIG_TEST"];
  rmSync(directory, { recursive: true });
});

async function show(name: string | null, environment: Readonly<Record<string, string>>): Promise<[number, string]> {
  let text = "";
  const resolved = await resolveSettings({ environment, directory });
  const code = await showConfig(resolved, name === null ? null : join(directory, name), (more) => (text += more));
  return [code, text];
}

describe("showConfig", () => {
  test("prints when asked for, also without an application", async () => {
    const [code, text] = await show(null, { TSGI_PRINT_CONFIG: "yes" });
    expect(code).toBe(0);
    expect(text).toMatch(/^export default \{\n[^]* {2}workers: 3, \/\/ tsgi\.config\.mjs:1\n[^]*\};\n$/);
  });

  test("says nothing when all is well, and loads the application with its variables", async () => {
    expect(await show("app.mjs", { TSGI_CHECK_CONFIG: "yes" })).toEqual([0, ""]);
  });

  test("throws what keeps the application from loading, with its exit code", async () => {
    await expect(show("broken.mjs", { TSGI_CHECK_CONFIG: "yes" })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/threw while loading: Error: no luck$/),
    });
  });
});
