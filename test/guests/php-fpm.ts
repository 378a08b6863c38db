// Starts a real PHP-FPM with a configuration and a folder of its own.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";

/** Names under which distributions have it. */
export const PHP_FPM: [string, ...string[]] = ["php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm8.1", "php-fpm"];

/** A PHP-FPM that runs. */
export interface PhpFpm {
  readonly port: number;
  /** A copy of the PHP files of the tests. */
  readonly root: string;
  /** What PHP-FPM itself has logged. */
  log(): string;
  close(): Promise<void>;
}

/** Starts one. @param children - processes, each of which has one request at a time */
export async function startPhpFpm(phpFpm: string, children: number): Promise<PhpFpm> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-php-"));
  const root = join(folder, "www");
  cpSync(fileURLToPath(new URL("php", import.meta.url)), root, { recursive: true });
  mkdirSync(join(folder, "sessions"));
  const port = await freePort();
  const isRoot = userInfo().uid === 0;
  const user = isRoot ? "user = root\ngroup = root\n" : "";
  writeFileSync(
    join(folder, "fpm.conf"),
    `[global]
error_log = ${folder}/fpm.log
daemonize = no
[www]
${user}listen = 127.0.0.1:${port}
pm = static
pm.max_children = ${children}
catch_workers_output = yes
php_admin_value[session.save_path] = ${folder}/sessions
php_admin_flag[log_errors] = on
php_admin_value[error_log] =
`,
  );
  const child = spawn(phpFpm, ["-F", "-n", ...(isRoot ? ["-R"] : []), "-y", join(folder, "fpm.conf")], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const log = (): string => readFileSync(join(folder, "fpm.log"), "utf8");
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`php-fpm ended with ${child.exitCode}: ${log()}`);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return {
    port,
    root,
    log,
    async close() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
