// @ts-check
// PHP-FPM with the hello of apps/php.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";

const folder = fileURLToPath(new URL("../.cache/php", import.meta.url));

/** Where the scripts are. */
export const PHP_ROOT = fileURLToPath(new URL("../apps/php", import.meta.url));

/** @returns {string | null} the program, under the names that distributions give it */
function phpFpm() {
  return answerOf("sh", ["-c", "ls /usr/sbin/php-fpm* 2>/dev/null | head -n 1"]) || null;
}

/** @returns {string | null} why it cannot run here */
export function phpFpmMissing() {
  return phpFpm() === null ? "'php-fpm' is not installed (Debian, Ubuntu: apt-get install php-fpm)" : null;
}

/** @returns {string | null} its version */
export function phpFpmVersion() {
  return answerOf("sh", ["-c", `${phpFpm()} -v | sed -n 's/^PHP \\([0-9.]*\\).*/\\1/p'`]);
}

/**
 * Tells its command; as many processes as the load has connections, because each one holds the connection that its front keeps.
 *
 * @param {number} port where it listens, on the loopback
 * @returns {import("../harness/server-process.mjs").Command} starts it
 */
export function phpFpmCommand(port) {
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${port}.conf`;
  const isRoot = process.getuid?.() === 0;
  writeFileSync(
    path,
    `[global]
error_log = ${folder}/${port}.log
daemonize = no
[www]
${isRoot ? "user = root\ngroup = root\n" : ""}listen = 127.0.0.1:${port}
pm = static
pm.max_children = 40
`,
  );
  return { argv: [phpFpm() ?? "php-fpm", "-F", "-n", ...(isRoot ? ["-R"] : []), "-y", path] };
}
