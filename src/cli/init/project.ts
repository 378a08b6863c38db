// What `tsgi init` knows about the project at hand: from its options, from tsgi.config, and from the files that are there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseBind } from "../../server/sockets/bind-address.ts";
import { findConfigFile, readConfigFile } from "../../server/settings/config-file.ts";
import { parseValue } from "../../server/settings/parse-value.ts";
import { SETTINGS, type SettingName } from "../../server/settings/table.ts";
import { UsageError } from "../errors.ts";

/** A project, as the templates need it. */
export interface Project {
  /** Absolute path. */
  readonly directory: string;
  /** Fit for a host name, a user and a file. */
  readonly name: string;
  readonly target: string;
  readonly isPython: boolean;
  readonly port: number;
  /** Unix socket in place of the port; null for none. */
  readonly socket: string | null;
  readonly user: string;
  /** Times in seconds. */
  readonly gracefulTimeout: number;
  /** Null where nothing sets it. */
  readonly lameDuckSeconds: number | null;
  /** Whether package.json and package-lock.json are there. */
  readonly hasManifest: boolean;
  readonly hasLockFile: boolean;
  /** Whether package.json names tsgi among its dependencies. */
  readonly dependsOnTsgi: boolean;
  /** What says which packages a Python application needs; null where nothing does. */
  readonly pythonPackages: "requirements.txt" | "pyproject.toml" | null;
}

/** What the command line says about it. */
export interface ProjectOptions {
  readonly target?: string;
  readonly name?: string;
  readonly port?: string;
  readonly socket?: string;
  readonly user?: string;
}

/** Where applications usually are, the first that exists counts. */
const USUAL_TARGETS: readonly (readonly [file: string, target: string])[] = [
  ...["app", "server", "index", "src/app", "src/server", "src/index", "wsgi"].flatMap((stem) =>
    [".ts", ".mts", ".js", ".mjs", ".cjs"].map((extension) => [stem + extension, stem + extension] as const),
  ),
  ["wsgi.py", "wsgi:application"],
  ["app.py", "app:app"],
  ["main.py", "main:app"],
  ["production.ini", "production.ini"],
  ["app.ini", "app.ini"],
];

const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;

/**
 * Finds out about a project.
 *
 * @param directory - absolute path
 * @throws UsageError when nothing says what to serve, or an option has another form
 */
export async function detectProject(directory: string, options: ProjectOptions): Promise<Project> {
  const config = await readSettings(directory);
  const manifest = readManifest(directory);
  const target = options.target ?? textOf(config["target"]) ?? usualTarget(directory);
  const name = checkedName(
    options.name ?? manifest?.name?.replace(/^@[^/]*\//, "") ?? basename(directory),
    options.name,
  );
  const user = options.user ?? name;
  if (!USER.test(user)) throw new UsageError(`Cannot use --user "${user}": expected the name of a user`);
  return {
    directory,
    name,
    target,
    isPython: isPython(target, directory),
    port: options.port === undefined ? (portOf(config["bind"]) ?? 8000) : checkedPort(options.port),
    socket: options.socket === undefined ? null : checkedSocket(options.socket),
    user,
    gracefulTimeout: numberOf(config["gracefulTimeout"]) ?? SETTINGS.gracefulTimeout.default,
    lameDuckSeconds: numberOf(config["lameDuckSeconds"]) ?? null,
    hasManifest: manifest !== null,
    hasLockFile: existsSync(join(directory, "package-lock.json")),
    dependsOnTsgi: manifest?.dependencies?.["tsgi"] !== undefined,
    pythonPackages:
      (["requirements.txt", "pyproject.toml"] as const).find((file) => existsSync(join(directory, file))) ?? null,
  };
}

async function readSettings(directory: string): Promise<Partial<Record<SettingName, unknown>>> {
  const file = findConfigFile(directory);
  if (file === undefined) return {};
  const { layer } = await readConfigFile(file, directory);
  const values = layer.flatMap(({ name, raw }) => {
    const parsed = parseValue(SETTINGS[name], raw);
    return "value" in parsed ? [[name, parsed.value]] : [];
  });
  return Object.fromEntries(values) as Partial<Record<SettingName, unknown>>;
}

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readManifest(directory: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  } catch {
    return null;
  }
}

function usualTarget(directory: string): string {
  const found = USUAL_TARGETS.find(([file]) => existsSync(join(directory, file)));
  if (found !== undefined) return found[1];
  const django = existsSync(join(directory, "manage.py")) ? djangoModule(directory) : undefined;
  if (django !== undefined) return `${django}.wsgi:application`;
  throw new UsageError(
    `Cannot tell what to serve in ${directory}: expected app.ts, server.ts, index.ts, wsgi.py, app.py, app.ini or the like, "target" in tsgi.config.ts, or --target`,
  );
}

/** The package of a Django project: the folder beside manage.py that has a wsgi.py. */
function djangoModule(directory: string): string | undefined {
  return readdirSync(directory).find((name) => existsSync(join(directory, name, "wsgi.py")));
}

/** A name that was given is checked; one that was found is made to fit. */
function checkedName(name: string, given: string | undefined): string {
  const fitting = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[-\d]+/g, "")
    .slice(0, 32)
    .replace(/-$/, "");
  if (given === undefined) return fitting === "" ? "app" : fitting;
  if (NAME.test(given)) return given;
  throw new UsageError(
    `Cannot use --name "${given}": expected small letters, digits and hyphens${fitting === "" ? "" : `, for example "${fitting}"`}`,
  );
}

function checkedPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`Cannot use --port "${text}": expected a number from 1 to 65535`);
}

function checkedSocket(path: string): string {
  if (/^\/[\w./@-]+$/.test(path)) return path;
  throw new UsageError(`Cannot use --socket "${path}": expected an absolute path of letters, digits and ./@_-`);
}

function portOf(bind: unknown): number | undefined {
  const first: unknown = Array.isArray(bind) ? bind[0] : undefined;
  const address = typeof first === "string" ? parseBind(first) : undefined;
  return address?.kind === "tcp" && address.port !== 0 ? address.port : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** By its ending, or because only a Python module of that name exists. */
function isPython(target: string, directory: string): boolean {
  const [module = ""] = target.split(/[:#]/, 1);
  if (module.endsWith(".py")) return true;
  if (/\.(?:[mc]?[jt]sx?|ini)$/.test(module)) return false;
  const stem = join(directory, module.replaceAll(".", "/"));
  return existsSync(`${stem}.py`) || existsSync(join(stem, "__init__.py"));
}
