// What `tsgi doctor` knows of this machine. Nothing here judges it.
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, totalmem, tmpdir } from "node:os";
import { environmentFor, findInterpreter } from "../../guests/python/interpreter.ts";
import { messageOf } from "../../server/errors.ts";
import { PACKAGE_ROOT } from "../../own-exports.ts";
import { findConfigFile } from "../../server/settings/config-file.ts";

/** The interpreter that a server would start here. */
export interface PythonFacts {
  readonly path: string;
  /** How it was found: `--python`, `VIRTUAL_ENV`, `.venv`, `venv` or `PATH`. */
  readonly source: string;
  /** `3.11.7`. */
  readonly version: string;
  /** `CPython`. */
  readonly implementation: string;
  /** The virtual environment; null without one. */
  readonly environment: string | null;
  /** gevent's version; null where it is not installed. */
  readonly gevent: string | null;
}

/** A directory that a server writes to. */
export interface PlaceFacts {
  readonly what: string;
  readonly path: string;
  /** Why it cannot be written to; null when it can. */
  readonly problem: string | null;
  /** Free bytes; null where the system does not say. */
  readonly freeBytes: number | null;
}

/** Limits of the system; null where it does not say, or there is none. */
export interface LimitFacts {
  readonly openFiles: number | null;
  readonly processes: number | null;
  readonly listenQueue: number | null;
  /** Cores that may be used at once, by cgroup where that is less. */
  readonly cores: number;
  /** Bytes of memory, by cgroup where that is less. */
  readonly memoryBytes: number;
}

/** Everything. */
export interface Facts {
  readonly version: string;
  readonly directory: string;
  readonly platform: string;
  readonly node: { readonly version: string; readonly path: string };
  /** Or why there is none. */
  readonly python: PythonFacts | { readonly problem: string };
  readonly configFile: string | null | { readonly problem: string };
  readonly places: readonly PlaceFacts[];
  readonly limits: LimitFacts;
}

const PROGRAM = `
import json, platform, sys
try:
    import importlib.metadata as metadata
    gevent = metadata.version("gevent")
except Exception:
    gevent = None
print(json.dumps({"version": platform.python_version(), "implementation": platform.python_implementation(), "gevent": gevent}))
`;

/**
 * Looks around.
 *
 * @param version - of this package
 * @param python - the setting, if it was given
 * @param directory - in which a server would be started
 */
export function gatherFacts(version: string, python: string | undefined, directory: string): Facts {
  return {
    version,
    directory: PACKAGE_ROOT,
    platform: process.platform,
    node: { version: process.versions.node, path: process.execPath },
    python: pythonFacts(python ?? process.env["TSGI_PYTHON"], directory),
    configFile: configFile(directory),
    places: [
      placeFacts("temporary files", tmpdir()),
      ...(process.platform === "linux" ? [placeFacts("sockets to Python", "/dev/shm")] : []),
      placeFacts("the project", directory),
    ],
    limits: limitFacts(),
  };
}

function pythonFacts(python: string | undefined, directory: string): Facts["python"] {
  try {
    const found = findInterpreter({ python, directory, environment: process.env });
    const options = {
      cwd: directory,
      env: environmentFor(found, process.env),
      encoding: "utf8",
      timeout: 20_000,
    } as const;
    const { stdout, stderr, error } = spawnSync(found.path, [...(found.arguments ?? []), "-c", PROGRAM], options);
    if (error !== undefined) return { problem: `${found.path}: ${error.message}` };
    const { path, source, environment } = found;
    // What the program above prints, after whatever a site's own start-up prints.
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (!last.startsWith("{"))
      return { problem: `${path}: ${stderr.trim().split("\n").at(-1) || "it printed nothing"}` };
    const told = JSON.parse(last) as Pick<PythonFacts, "version" | "implementation" | "gevent">;
    return { path, source, environment, ...told };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function configFile(directory: string): Facts["configFile"] {
  try {
    return findConfigFile(directory) ?? null;
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function placeFacts(what: string, path: string): PlaceFacts {
  let problem: string | null = null;
  let freeBytes: number | null = null;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(path);
    freeBytes = bavail * bsize;
  } catch (error) {
    problem = messageOf(error);
  }
  return { what, path, problem, freeBytes };
}

function limitFacts(): LimitFacts {
  const limits = read("/proc/self/limits") ?? "";
  const soft = (name: string): number | null => numberOf(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(limits)?.[1]);
  const [quota, period] = (read("/sys/fs/cgroup/cpu.max") ?? "").split(" ").map(Number);
  const granted = quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : Infinity;
  const memory = numberOf(read("/sys/fs/cgroup/memory.max")?.trim());
  return {
    openFiles: soft("Max open files"),
    processes: soft("Max processes"),
    listenQueue: numberOf(read("/proc/sys/net/core/somaxconn")?.trim()),
    cores: Math.max(1, Math.min(availableParallelism(), Math.ceil(granted))),
    memoryBytes: Math.min(totalmem(), memory ?? Infinity),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // another system, or not for us
  }
}

function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
