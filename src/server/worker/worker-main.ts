// The entry of a worker process. It imports nothing of its own before it listens to the signals.
import { lstatSync, mkdirSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

/** Of Node 22.8 and later. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
}

// V8 learns from collections which objects to make in the old generation at once. A burst of requests, or clients that leave, can teach
// it that of the objects of a request, and it never forgets: they then keep all that they point to alive until a full collection, and
// each young one copies megabytes (6 ms in place of 0.6). What belongs to a request dies young, always.
setFlagsFromString("--no-allocation-site-pretenuring");

// A terminal sends these to all processes of its group, but what they mean is the arbiter's decision. Without a listener SIGUSR1 opens
// Node's inspector.
for (const signal of ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGWINCH"] as const) {
  process.on(signal, () => {});
}

// Until the worker listens itself, the end of the arbiter is the end of the process.
const exit = (): never => process.exit(0);
process.on("disconnect", exit);

// Keeps compiled code between starts, as bin/tsgi.js does and where it does.
const cache = fileURLToPath(new URL("../../../.cache/compiled", import.meta.url));
if (isOwn(cache)) (nodeModule as CompileCache).enableCompileCache?.(cache);

const [{ takeWorkerConfig }, { Worker }] = await Promise.all([
  import("../channel/worker-config.ts"),
  import("./worker.ts"),
]);
const config = takeWorkerConfig();
process.title = `${config.options.procName ?? "tsgi"}: worker [${config.options.target}]`;
process.off("disconnect", exit);
if (!process.connected) exit();
await new Worker(config).run();

/** Whether a directory, made if need be, is this user's, and nobody else may write to it: code is run from there. */
function isOwn(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(directory);
    return (mode & 0o170022) === 0o040000 && uid === process.geteuid?.();
  } catch {
    return false;
  }
}
