// `npm run soak`: the long versions of the server's tests, for an hour at most. Other arguments go to vitest: `npm run soak -- reload`.
// TSGI_SOAK_SCALE=0.01 makes them shorter, to try the tests themselves.
import { join } from "node:path";

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, run } from "./project.mjs";

const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const config = join(ROOT, "test", "soak", "vitest.config.ts");

if ((await ensureInstalled()) && (await ensureBuilt())) {
  process.exitCode = await run(process.execPath, [vitest, "run", "--config", config, ...process.argv.slice(2)]);
} else {
  process.exitCode = 1;
}
