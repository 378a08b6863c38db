// The npm package as a TypeScript user meets it: an empty folder, and what the README says to type.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { Newcomer, readmeCommands, ROOT } from "./newcomer.ts";

let newcomer: Newcomer | undefined;

afterEach(async () => {
  await newcomer?.leave();
});

test("TypeScript by npm in two commands", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, application = ""] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  // npm keeps what it downloaded, so this is the time of somebody with a fast line.
  const cache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const npm = { npm_config_cache: cache, npm_config_registry: registry, npm_config_prefer_offline: "true" };
  newcomer = new Newcomer({ "app.ts": application }, { PATH: path, npm_config_update_notifier: "false", ...npm });
  const packed = newcomer.run(`npm pack --silent --pack-destination . "${ROOT}"`).trim();
  const [install = "", serve = ""] = readmeCommands(/TypeScript/);
  expect(install).toBe("npm install tsgi");
  expect(serve).toBe("npx tsgi app.ts");
  const port = await freePort();
  newcomer.run(install.replace(/tsgi$/, `./${packed} --no-audit --no-fund`));
  expect(await newcomer.serve(`${serve} --bind 127.0.0.1:${port}`, port, "/Ada")).toBe("Hello, Ada\n");
  newcomer.tell("TypeScript by npm");
});
