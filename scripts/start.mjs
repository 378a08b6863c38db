// `npm start`: serves an example on http://127.0.0.1:8000, on a fresh clone too.
// package.json starts it by `exec`: a shell between npm and this process would die of npm's signal and leave the server behind.
// Arguments are passed on: `npm start -- examples/upload.ts --bind 127.0.0.1:9000`.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT } from "./project.mjs";

const EXAMPLE = "examples/hello-function.ts";

/** Starts the server with the terminal attached, and ends as it ends. */
function serve() {
  const given = process.argv.slice(2);
  const hasTarget = given.some((argument) => existsSync(join(ROOT, argument.split(":")[0] ?? "")));
  const target = hasTarget ? [] : [EXAMPLE];
  const server = spawn(process.execPath, [join(ROOT, "bin", "tsgi.js"), ...target, ...given], {
    cwd: ROOT,
    stdio: "inherit",
  });
  // A terminal sends Ctrl+C to both processes; whatever else asks to end reaches this one alone.
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) server.kill("SIGINT");
  });
  process.on("SIGTERM", () => server.kill("SIGTERM"));
  process.on("SIGHUP", () => server.kill("SIGHUP"));
  server.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
}

if ((await ensureInstalled()) && (await ensureBuilt())) serve();
else process.exitCode = 1;
