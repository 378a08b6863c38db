// A store as it is deployed: the command, an INI file, worker processes.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const TSGI = fileURLToPath(new URL("../../../bin/tsgi.js", import.meta.url));
export const DEFAULT_INI = fileURLToPath(new URL("../jsonstore.ini", import.meta.url));
/** Milliseconds until a server that does not come up is a failure. */
const PATIENCE = 120_000;

/** A server that runs. */
export interface ServedStore {
  readonly url: string;
  readonly arbiter: ChildProcess;
  /** What it has written. */
  log(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a server. */
export async function serveStore(
  storeUrl: string,
  { ini = DEFAULT_INI, workers = 2, port = 0 }: { ini?: string; workers?: number; port?: number } = {},
): Promise<ServedStore> {
  const options = [TSGI, ini, "-b", `127.0.0.1:${port}`, "-w", String(workers)];
  const arbiter = spawn(process.execPath, options, { env: { ...process.env, JSONSTORE_URL: storeUrl } });
  let log = "";
  const url = new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      log += chunk.toString();
      const address = /Listening at: (http:\/\/\S+)/.exec(log)?.[1];
      if (address !== undefined) resolve(address);
    };
    arbiter.stdout.on("data", take);
    arbiter.stderr.on("data", take);
    arbiter.once("exit", (code) => reject(new Error(`The server has ended with ${code}: ${log}`)));
    setTimeout(() => reject(new Error(`The server does not come up: ${log}`)), PATIENCE).unref();
  });
  return {
    url: await url,
    arbiter,
    log: () => log,
    async stop(signal = "SIGTERM") {
      if (arbiter.exitCode !== null || arbiter.signalCode !== null) return;
      const ended = once(arbiter, "exit");
      arbiter.kill(signal);
      await ended;
    },
  };
}
