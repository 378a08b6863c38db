// The real web servers of the tests, each with several virtual servers, by name.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Front, startFront } from "./front-process.ts";

export type { Front };

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** Starts nginx. @param servers - by name, what stands in `server { … }` beside `listen` */
export function startNginx(path: string, servers: Readonly<Record<string, string>>, common = ""): Promise<Front> {
  return startFront({
    path,
    names: Object.keys(servers),
    configuration: (folder, ports) => `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 100m; ${common}
  ${TEMPORARY.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  ${Object.entries(servers)
    .map(([name, text]) => `server { listen 127.0.0.1:${ports[name]}; ${text} }`)
    .join("\n  ")}
}
`,
    arguments: (folder, file) => ["-p", folder, "-c", file, "-e", join(folder, "start.log")],
  });
}

const APACHE_MODULES = [
  "mpm_event",
  "authz_core",
  "alias",
  "headers",
  "proxy",
  "proxy_http",
  "proxy_fcgi",
  "proxy_scgi",
  "proxy_uwsgi",
  "cgid",
];

/**
 * Starts Apache. Where this process is root, Apache serves as another user: it reaches TCP ports, no sockets in private folders.
 *
 * @param servers - by name, what stands in `<VirtualHost>`
 * @param programs - CGI programs by name, in the folder `cgi` of its own
 */
export function startApache(
  path: string,
  servers: (folder: string) => Readonly<Record<string, string>>,
  programs: Readonly<Record<string, string>> = {},
): Promise<Front> {
  return startFront({
    path,
    names: Object.keys(servers("")),
    prepare: (folder) => writePrograms(folder, programs),
    configuration: (folder, ports) => `
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
ServerName localhost
${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
StartServers 1
ServerLimit 2
ThreadsPerChild 32
MaxRequestWorkers 64
${process.getuid?.() === 0 ? "User www-data\nGroup www-data" : ""}
ScriptSock ${folder}/cgid
<Directory "/">
  Require all granted
  CGIPassAuth On
</Directory>
${Object.entries(servers(folder))
  .map(
    ([name, text]) =>
      `Listen 127.0.0.1:${ports[name]}\n<VirtualHost 127.0.0.1:${ports[name]}>\nAllowEncodedSlashes NoDecode\n${text}\n</VirtualHost>`,
  )
  .join("\n")}
`,
    arguments: (_folder, file) => ["-f", file, "-DFOREGROUND"],
  });
}

/**
 * Starts lighttpd.
 *
 * @param servers - by name, what stands in the condition on its port
 * @param programs - CGI programs by name, in the folder `cgi`, which is the document root
 */
export function startLighttpd(
  path: string,
  servers: (folder: string) => Readonly<Record<string, string>>,
  programs: Readonly<Record<string, string>> = {},
): Promise<Front> {
  return startFront({
    path,
    names: Object.keys(servers("")),
    prepare: (folder) => writePrograms(folder, programs),
    configuration: (folder, ports) => {
      const entries = Object.entries(servers(folder));
      return `
server.modules = ("mod_alias", "mod_proxy", "mod_cgi", "mod_fastcgi", "mod_scgi")
server.document-root = "${folder}/cgi"
server.errorlog = "${folder}/error.log"
server.port = ${ports[entries[0]?.[0] ?? ""]}
server.bind = "127.0.0.1"
server.upload-dirs = ("${folder}")
${entries.map(([name, text]) => `$SERVER["socket"] == "127.0.0.1:${ports[name]}" {\n${text}\n}`).join("\n")}
`;
    },
    arguments: (_folder, file) => ["-D", "-f", file],
  });
}

function writePrograms(folder: string, programs: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, "cgi"));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, "cgi", name), text);
    chmodSync(join(folder, "cgi", name), 0o755);
  }
}
