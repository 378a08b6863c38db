// Starts real web servers in front of a `Served`, with folders and a configuration of their own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../free-port.ts";

/** A web server that runs. */
export interface Front {
  /** Ports of its virtual servers, by the names in its configuration. */
  readonly ports: Readonly<Record<string, number>>;
  /** What its error log holds. */
  errors(): string;
  close(): Promise<void>;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function start(
  program: string,
  args: (folder: string) => readonly string[],
  names: readonly string[],
  configure: (folder: string, ports: Readonly<Record<string, number>>) => string,
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-web-server-"));
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await freePort();
  mkdirSync(join(folder, "htdocs"));
  writeFileSync(join(folder, "conf"), configure(folder, ports));
  const child: ChildProcess = spawn(program, args(folder), { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  for (const port of Object.values(ports)) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${complaints}`);
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
      // Apache's children end with their parent only when it is asked to stop.
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts nginx. @param servers - by name, what stands in `server { … }` beside `listen` */
export function startNginx(nginx: string, servers: Readonly<Record<string, string>>, common = ""): Promise<Front> {
  return start(
    nginx,
    (folder) => ["-p", folder, "-c", join(folder, "conf"), "-e", join(folder, "start.log")],
    Object.keys(servers),
    (folder, ports) => `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
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
}

/** Starts lighttpd. @param condition - by name, what stands for its port */
export function startLighttpd(lighttpd: string, servers: Readonly<Record<string, string>>): Promise<Front> {
  return start(
    lighttpd,
    (folder) => ["-D", "-f", join(folder, "conf")],
    Object.keys(servers),
    (folder, ports) => {
      const [first = ""] = Object.keys(servers);
      const sockets = Object.entries(servers)
        .map(([name, text]) => `$SERVER["socket"] == "127.0.0.1:${ports[name]}" { ${text} }`)
        .join("\n");
      return `server.document-root = "${folder}/htdocs"
server.bind = "127.0.0.1"
server.port = ${ports[first]}
server.errorlog = "${folder}/error.log"
server.modules = ( "mod_fastcgi", "mod_scgi", "mod_cgi" )
${sockets}
`;
    },
  );
}

const APACHE_MODULES = "/usr/lib/apache2/modules";

/** Starts Apache. @param modules - without `mod_` and `.so` @param servers - by name, what stands in its `<VirtualHost>` */
export function startApache(
  apache: string,
  modules: readonly string[],
  servers: Readonly<Record<string, string>>,
): Promise<Front> {
  return start(
    apache,
    (folder) => ["-D", "FOREGROUND", "-f", join(folder, "conf")],
    Object.keys(servers),
    (folder, ports) => `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
DocumentRoot ${folder}/htdocs
${process.getuid?.() === 0 ? "User nobody\nGroup nogroup" : ""}
${["mpm_event", "authz_core", "unixd", ...modules]
  .filter((name) => existsSync(`${APACHE_MODULES}/mod_${name}.so`))
  .map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`)
  .join("\n")}
${modules.includes("cgid") ? `ScriptSock ${folder}/cgisock` : ""}
${Object.values(ports)
  .map((port) => `Listen 127.0.0.1:${port}`)
  .join("\n")}
<Directory "${folder}/htdocs">
Require all granted
</Directory>
${Object.entries(servers)
  .map(([name, text]) => `<VirtualHost 127.0.0.1:${ports[name]}>\n${text}\n</VirtualHost>`)
  .join("\n")}
`,
  );
}
