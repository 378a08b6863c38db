// @ts-check
// What has to be there before TSGI and its peers can be measured: packages, and a build no older than its sources.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { ensureBuilt } from "../../scripts/build.mjs";
import { ensureInstalled } from "../../scripts/install.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));

/** Installs and builds what is missing or stale; throws when that fails. */
export async function prepare() {
  if (!(await ensureInstalled()) || !(await ensureBuilt())) throw new Error("TSGI could not be installed and built");
  if (existsSync(`${bench}node_modules`)) return;
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: bench, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`'npm ci' in '${bench}' ends with exit code ${status}`);
}
