// What `tsgi doctor` makes of the facts: a line for each, with advice where something is wrong. Pure: the facts are all it knows.
import { SOCKET } from "../../server/settings/socket.ts";
import { WORKERS } from "../../server/settings/workers.ts";
import type { Facts, PlaceFacts, PythonFacts } from "./facts.ts";

/** `fail` keeps a server from working; `warn` could. */
export type Level = "ok" | "warn" | "fail";

/** One line. */
export interface Finding {
  readonly level: Level;
  readonly subject: string;
  readonly text: string;
  /** What to do; absent where nothing needs to be done. */
  readonly advice?: string;
}

/** Below this a place is as good as full. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const LEAST_PYTHON = [3, 9] as const;
/** A connection may have a file of its own, and a worker needs some for itself. */
const FILES_BESIDE_CONNECTIONS = 200;
const LEAST_OPEN_FILES = 4096;
const LEAST_PROCESSES = 256;
const LEAST_MEMORY_BYTES = 192 * 1024 * 1024;

/** Judges the facts, the most important first. */
export function findingsOf(facts: Facts): Finding[] {
  return [
    { level: "ok", subject: "tsgi", text: `${facts.version} in ${facts.directory}` },
    system(facts.platform),
    node(facts.node),
    ...python(facts.python),
    configuration(facts.configFile),
    ...facts.places.map(place),
    ...limits(facts.limits),
  ];
}

function system(platform: string): Finding {
  if (platform === "linux") return { level: "ok", subject: "system", text: "Linux" };
  if (platform === "darwin")
    return {
      level: "warn",
      subject: "system",
      text: "macOS",
      advice: "develop here; for production, Linux is what is tested",
    };
  const advice = "use Linux, or on Windows the Windows Subsystem for Linux (WSL 2)";
  return { level: "fail", subject: "system", text: platform, advice };
}

function node({ version, path }: Facts["node"]): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isKnown = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  const text = `${version} (${path})`;
  if (!isKnown) return { level: "fail", subject: "Node", text, advice: "install Node 20.19, 22.12 or later" };
  return { level: "ok", subject: "Node", text };
}

function python(facts: Facts["python"]): Finding[] {
  if ("problem" in facts) {
    const advice =
      "nothing to do for TypeScript; for Python applications install CPython 3.9 or later, or use --python";
    return [{ level: "warn", subject: "Python", text: facts.problem, advice }];
  }
  const [major = 0, minor = 0] = facts.version.split(".").map(Number);
  const text = `${facts.implementation} ${facts.version} (${facts.path}, by ${facts.source})`;
  const isOld = major < LEAST_PYTHON[0] || (major === LEAST_PYTHON[0] && minor < LEAST_PYTHON[1]);
  if (isOld || facts.implementation !== "CPython")
    return [{ level: "fail", subject: "Python", text, advice: "use CPython 3.9 or later: --python names another" }];
  return [{ level: "ok", subject: "Python", text }, environment(facts), gevent(facts)];
}

function environment({ environment: root }: PythonFacts): Finding {
  const subject = "environment";
  if (root !== null) return { level: "ok", subject, text: root };
  const advice = "make one with python3 -m venv .venv and install your application's packages into it";
  return { level: "warn", subject, text: "no virtual environment: the system's packages are used", advice };
}

function gevent({ gevent: version }: PythonFacts): Finding {
  const text = version ?? "not installed; only --worker-class gevent needs it";
  return { level: "ok", subject: "gevent", text };
}

function configuration(found: Facts["configFile"]): Finding {
  const subject = "configuration";
  if (found === null) return { level: "ok", subject, text: "no tsgi.config.ts, .js or .json here: defaults" };
  if (typeof found === "string") return { level: "ok", subject, text: found };
  return { level: "fail", subject, text: found.problem, advice: "keep one of them" };
}

function place({ what, path, problem, freeBytes }: PlaceFacts): Finding {
  const subject = what;
  if (problem !== null) {
    // A project that cannot be written to is as it should be in production.
    const isNeeded = what === "temporary files";
    const advice = isNeeded ? "name a directory for temporary files with TMPDIR" : undefined;
    return { level: isNeeded ? "fail" : "ok", subject, text: `${path} is read-only`, ...(advice && { advice }) };
  }
  if (freeBytes !== null && freeBytes < LEAST_FREE_BYTES) {
    const advice = "make room: uploads and sockets go there";
    return { level: "warn", subject, text: `${path} has ${inMebibytes(freeBytes)} left`, advice };
  }
  return { level: "ok", subject, text: path };
}

function limits({ openFiles, processes, listenQueue, cores, memoryBytes }: Facts["limits"]): Finding[] {
  const connections = WORKERS.settings.workerConnections.default;
  const backlog = SOCKET.settings.backlog.default;
  return [
    limit("open files", openFiles, LEAST_OPEN_FILES, {
      text: `${openFiles} for each process, which may have ${connections} connections`,
      advice: `raise it to ${connections + FILES_BESIDE_CONNECTIONS} or more with LimitNOFILE= of systemd or ulimit -n, or lower --worker-connections`,
    }),
    limit("processes", processes, LEAST_PROCESSES, {
      text: `${processes} of this user, threads included`,
      advice: "raise it with LimitNPROC= of systemd or ulimit -u",
    }),
    limit("listen queue", listenQueue, backlog, {
      text: `${listenQueue} waiting connections, --backlog asks for ${backlog}`,
      advice: `raise it with sysctl net.core.somaxconn=${backlog}; until then a burst of clients is turned away sooner`,
    }),
    limit("memory", memoryBytes, LEAST_MEMORY_BYTES, {
      text: inMebibytes(memoryBytes),
      advice: "give the container more: an arbiter and a worker need about 120 MiB, and Python comes on top",
    }),
    { level: "ok", subject: "cores", text: `${cores}: a good number for --workers` },
  ];
}

function limit(
  subject: string,
  value: number | null,
  least: number,
  words: { readonly text: string; readonly advice: string },
): Finding {
  if (value === null) return { level: "ok", subject, text: "without limit" };
  return value < least ? { level: "warn", subject, ...words } : { level: "ok", subject, text: words.text };
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
