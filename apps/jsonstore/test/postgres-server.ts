// A real server of PostgreSQL: in a directory of its own, by a user without rights, reached by a socket in that directory.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Random } from "./random.ts";
import type { NewPlace, TestEngine } from "./test-engine.ts";

/** `nobody`, where the tests run as root: the server refuses to. */
const NOBODY = 65_534;
const IDENTITY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const DEBIAN = "/usr/lib/postgresql";
const PATIENCE = 120_000;

/** Path of the server's programs; undefined where there are none. */
export const POSTGRES = findPrograms();

function findPrograms(): string | undefined {
  const versions = readdirOr(DEBIAN).toSorted((a, b) => Number(b) - Number(a));
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, "bin")),
    ...(process.env["PATH"] ?? "").split(":"),
  ];
  const found = folders.find(
    (folder) => isExecutable(join(folder, "initdb")) && isExecutable(join(folder, "postgres")),
  );
  if (found === undefined && process.env["CI"] === "true") {
    throw new Error("PostgreSQL is missing, and CI=true allows no skipped test");
  }
  return found;
}

function readdirOr(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A server that a test has made. */
export class PostgresServer implements TestEngine {
  readonly directory = mkdtempSync(join(tmpdir(), "jsonstore-pg-"));
  #process: ChildProcess | null = null;
  #schemas = 0;
  log = "";

  /** Makes the files and starts. */
  async start(): Promise<this> {
    if (IDENTITY.uid !== undefined) chownSync(this.directory, IDENTITY.uid, IDENTITY.gid);
    const options = [
      "-D",
      join(this.directory, "data"),
      "-U",
      "jsonstore",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "-N",
    ];
    const { status, stderr } = spawnSync(join(POSTGRES ?? "", "initdb"), options, {
      ...IDENTITY,
      cwd: this.directory,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`initdb has failed: ${stderr}`);
    return await this.startAgain();
  }

  /** Starts with the files that are there. */
  async startAgain(): Promise<this> {
    const settings = [
      "fsync=off",
      "listen_addresses=",
      `unix_socket_directories=${this.directory}`,
      "max_connections=60",
    ];
    const options = ["-D", join(this.directory, "data"), ...settings.flatMap((setting) => ["-c", setting])];
    const server = spawn(join(POSTGRES ?? "", "postgres"), options, {
      ...IDENTITY,
      cwd: this.directory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    server.stderr.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    this.#process = server;
    const givesUpAt = Date.now() + PATIENCE;
    while (!(await this.#answers())) {
      if (server.exitCode !== null || Date.now() > givesUpAt)
        throw new Error(`The server does not come up: ${this.log}`);
      await pause(50);
    }
    return this;
  }

  /** Address of a schema. */
  url(schema: string): string {
    return `postgres://jsonstore:not-needed@localhost/postgres?host=${encodeURIComponent(this.directory)}&schema=${schema}`;
  }

  newPlace(): NewPlace {
    this.#schemas += 1;
    return { url: this.url(`s${this.#schemas}`), remove() {} };
  }

  /** Ends one of the processes that serve stores, as an administrator does; now and then as if it crashed, and all others with it. */
  async endProcess(random: Random): Promise<void> {
    const found = await this.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'jsonstore'");
    if (found.length === 0) return;
    const { pid } = random.pick(found) as { readonly pid: number }; // its column
    if (random.below(4) > 0) await this.query(`SELECT pg_terminate_backend(${pid})`);
    else process.kill(pid, "SIGKILL");
  }

  /** Runs a statement. @returns its rows */
  async query(sql: string): Promise<unknown[]> {
    const client = new pg.Client({ host: this.directory, user: "jsonstore", database: "postgres" });
    client.on("error", () => {});
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return rows;
    } finally {
      await client.end();
    }
  }

  /** Ends, with its clients' connections; SIGQUIT is as if it crashed. */
  async stop(signal: "SIGINT" | "SIGQUIT" = "SIGQUIT"): Promise<void> {
    const server = this.#process;
    this.#process = null;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  /** Ends, and removes the files. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }
}
