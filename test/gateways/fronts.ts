// Starts a real nginx with several virtual servers, with folders and a configuration of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";

/** A web server that runs. */
export interface Front {
  /** Ports of its virtual servers, by the names in its configuration. */
  readonly ports: Readonly<Record<string, number>>;
  /** What its error log holds. */
  errors(): string;
  close(): Promise<void>;
}

/** Starts nginx. @param servers - by name, what stands in `server { … }` beside `listen` */
export async function startNginx(
  nginx: string,
  servers: Readonly<Record<string, string>>,
  common = "",
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-web-server-"));
  const ports: Record<string, number> = {};
  for (const name of Object.keys(servers)) ports[name] = await freePort();
  writeFileSync(
    join(folder, "conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 100m; ${common}
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  ${Object.entries(servers)
    .map(([name, text]) => `server { listen 127.0.0.1:${ports[name]}; ${text} }`)
    .join("\n  ")}
}
`,
  );
  const args = ["-p", folder, "-c", join(folder, "conf"), "-e", join(folder, "start.log")];
  const child: ChildProcess = spawn(nginx, args, { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  for (const port of Object.values(ports)) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${nginx} ended with ${child.exitCode}: ${complaints}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
  return {
    ports,
    errors: () =>
      (existsSync(join(folder, "error.log")) ? readFileSync(join(folder, "error.log"), "utf8") : "") + complaints,
    close: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
