// Starts a real nginx on a free port, with a configuration and folders of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";
import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";

/**
 * Starts nginx in front of a server, for one test.
 *
 * @param nginx - path of the program
 * @param upstream - `host:port` or `unix:path`
 * @param settings - lines for the location
 * @param version - of HTTP, towards the server
 * @returns the port where nginx listens
 */
export async function startNginx(
  nginx: string,
  upstream: string,
  settings: readonly string[],
  version: "1.0" | "1.1",
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-nginx-"));
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; ${paths.join(" ")}
  client_max_body_size 100m;
  upstream app { server ${upstream}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://app; proxy_http_version ${version}; proxy_set_header Connection ""; ${settings.join(" ")} }
  }
}
`,
  );
  const child = spawn(nginx, ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "start.log")], {
    stdio: "inherit",
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return port;
}
