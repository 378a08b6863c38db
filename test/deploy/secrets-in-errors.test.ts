// What an INI file holds in confidence stays out of what is said of its mistakes: people show errors to others. Each file is served,
// checked and explained with the real command.
import { afterAll, describe, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { venvPython } from "../needs.ts";

const PYTHON = venvPython();

const project = new Project({
  "shop.ts": `
export const app = (globalConf, localConf) => (environ, startResponse) => { startResponse("200 OK", []); return []; };
export const failing = (globalConf, { db_password }) => { throw new Error(\`Cannot log in with "\${db_password}"\`); };
`,
  "snake.py": `
def raising(global_conf, db_password):
    raise ValueError(f"Cannot log in with {db_password!r}")
`,
});
afterAll(() => project.remove());

const FILTERED = ["[app:main]", "filter-with = f", "use = call:shop:app", "[filter:f]"];

/** The message, as served; and lines of the file. */
const MISTAKES: readonly (readonly [message: string, ...ini: string[]])[] = [
  ['Line "password (hidden)" has no "="', "[app:main]", "password hunter2-x", "use = call:shop:app"],
  ['Line "(hidden)" has no "="', "[app:main]", "use = call:shop:app", "secret = ", "hunter2-x"],
  ['Text "password = (hidden)" stands before', "password = hunter2-x", "[app:main]", "use = call:shop:app"],
  ['Value "(hidden)" has a bare "%"', "[app:main]", "use = call:shop:app", "secret = hunter2%-x"],
  ['Option "users" has no name and value in line 1', ...FILTERED, "use = egg:tsgi#auth-basic", "users = ada hunter2-x"],
  [
    'Bad integer value "(hidden)"',
    ...FILTERED,
    "use = egg:tsgi#session-cookie",
    "secrets = 0123456789abcdef0123456789abcdef",
    "max_age_seconds = %(token)s",
    "[DEFAULT]",
    "token = hunter2-x",
  ],
  ['Cannot log in with "(hidden)"', "[app:main]", "use = call:shop:failing", "db_password = hunter2-x"],
  [
    "Cannot use workers = ",
    "[app:main]",
    "use = call:shop:app",
    "[server:main]",
    "use = egg:tsgi",
    "workers = postgres://u:hunter2-x@h/d",
  ],
];

/** What is said of a file: when it is served, and altogether. */
async function say(ini: readonly string[], name: string): Promise<{ served: string; everything: string }> {
  const file = `${name}.ini`;
  project.write(file, `${ini.join("\n")}\n`);
  const env = PYTHON === undefined ? {} : { TSGI_PYTHON: PYTHON };
  const results = await Promise.all([
    project.run(ini.includes("[server:main]") ? [file] : ["--bind", "127.0.0.1:0", file], { env }),
    project.run(["config", "check", file], { env }),
    project.run(["config", "explain", file], { env }),
  ]);
  return { served: results[0].stderr, everything: results.map(({ stdout, stderr }) => stdout + stderr).join("") };
}

describe("an error shows no secret", () => {
  test.concurrent.each(MISTAKES)("%s", async (message, ...ini) => {
    const { served, everything } = await say(ini, message.replaceAll(/\W+/g, "-"));
    expect(served).toContain(message);
    expect(everything).not.toContain("hunter");
  });

  test.skipIf(PYTHON === undefined)("of a factory in Python, nor its traceback", async () => {
    const { served, everything } = await say(
      ["[app:main]", "use = call:snake:raising", "db_password = hunter2-x"],
      "python",
    );
    expect(served).toContain("Cannot log in with '(hidden)'");
    expect(everything).not.toContain("hunter");
  });
});
