// @ts-check
// What a front costs that passes requests on: the CPU time of the front alone, without what answers behind it. CGI programs are counted,
// because it is the front that starts them.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";
import { BROWSER_REQUEST, HELLO_ANSWER } from "./hello.mjs";
import { nginxFront, nginxMissing, nginxVersion } from "./nginx-front.mjs";
import { packageServer } from "./package-server.mjs";
import { PHP_ROOT, phpFpmCommand, phpFpmMissing } from "./php-fpm.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));
const folder = `${bench}.cache/cgi`;

/** @typedef {import("../harness/suite.mjs").Workload} Workload */

/** @type {(workload: Workload) => import("../harness/suite.mjs").UpstreamCommand | null} */
const upstream = ({ id }) => {
  if (id === "php") return phpFpmCommand;
  if (id === "cgi") return null;
  return (port) => ({ argv: [process.execPath, `${bench}servers/net.mjs`], env: { PORT: String(port) } });
};

/**
 * @param {Workload | undefined} workload asked about; undefined for none in particular
 * @param {string[]} ids of those that a front can do
 * @param {() => string | null} isMissing why it cannot run
 */
const only = (workload, ids, isMissing) =>
  workload === undefined || ids.includes(workload.id)
    ? ((workload?.id === "php" ? phpFpmMissing() : workload?.id === "cgi" ? cgiMissing() : null) ?? isMissing())
    : "it does not speak that protocol";

/** @returns {string | null} why the program of apps/cgi cannot be made */
function cgiMissing() {
  return answerOf("sh", ["-c", "command -v cc"]) ? null : "'cc' is not installed";
}

/** Compiles the CGI program, once. @returns {string} its path */
function cgiProgram() {
  const program = `${folder}/hello`;
  mkdirSync(folder, { recursive: true });
  if (!existsSync(program)) answerOf("cc", ["-O2", "-o", program, `${bench}apps/cgi/hello.c`]);
  return program;
}

/** @param {number} port on the loopback @returns {string} path of lighttpd's configuration */
function lighttpdConfiguration(port) {
  const program = cgiProgram();
  const path = `${folder}/lighttpd-${port}.conf`;
  writeFileSync(
    path,
    `server.document-root = "${folder}"
server.port = ${port}
server.bind = "127.0.0.1"
server.modules = ("mod_alias", "mod_cgi")
server.max-keep-alive-requests = 1000000000
alias.url = ("/hello" => "${program}")
$HTTP["url"] =~ "^/hello" { cgi.assign = ("" => "") }
`,
  );
  return path;
}

const hello = { request: BROWSER_REQUEST, expected: HELLO_ANSWER };

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "upstreams",
  title: "In front of others: the front alone",
  baseline: "nginx",
  servers: [
    {
      id: "tsgi",
      label: "TSGI",
      missing: (workload) => only(workload, ["http", "php", "cgi"], () => null),
      version: tsgiVersion,
      upstream,
      command: ({ port, workload, upstreamPort }) => ({
        argv: tsgi(
          workload.id === "http"
            ? `proxy:http://127.0.0.1:${upstreamPort}`
            : workload.id === "php"
              ? `fastcgi://127.0.0.1:${upstreamPort}?root=${PHP_ROOT}&script=hello.php&keep_alive=yes&max_connections=40`
              : `cgi:${cgiProgram()}`,
          port,
        ),
      }),
    },
    {
      id: "nginx",
      label: "nginx",
      missing: (workload) => only(workload, ["http", "php"], nginxMissing),
      version: nginxVersion,
      upstream,
      command: ({ port, workload, upstreamPort }) =>
        workload.id === "http"
          ? nginxFront(port, upstreamPort, "http")
          : nginxFront(port, upstreamPort, "php", `fastcgi_param SCRIPT_FILENAME ${PHP_ROOT}/hello.php;`),
    },
    ...[
      packageServer("http-proxy", "http-proxy", "http-proxy"),
      packageServer("fast-proxy", "fast-proxy", "fast-proxy"),
    ].map((server) => ({
      ...server,
      upstream,
      missing: (/** @type {Workload | undefined} */ workload) => only(workload, ["http"], server.missing),
    })),
    {
      id: "lighttpd",
      label: "lighttpd",
      missing: (workload) =>
        only(workload, ["cgi"], () =>
          existsSync("/usr/sbin/lighttpd")
            ? null
            : "'lighttpd' is not installed (Debian, Ubuntu: apt-get install lighttpd)",
        ),
      version: () => answerOf("sh", ["-c", "/usr/sbin/lighttpd -v | sed -n 's,lighttpd/\\([0-9.]*\\).*,\\1,p'"]),
      command: ({ port }) => ({ argv: ["/usr/sbin/lighttpd", "-D", "-f", lighttpdConfiguration(port)] }),
    },
  ],
  workloads: [
    { id: "http", title: "HTTP upstream", ...hello },
    { id: "php", title: "PHP-FPM", ...hello },
    { id: "cgi", title: "CGI program in C", ...hello, connections: 8 },
  ],
  goals: [
    { workload: "http", server: "tsgi", against: "http-proxy", atMost: 0.5, aim: 0.4 },
    { workload: "http", server: "tsgi", against: "fast-proxy", atMost: 0.5, aim: 0.4 },
    { workload: "php", server: "tsgi", against: "nginx", atMost: 1, aim: 0.9 },
    { workload: "cgi", server: "tsgi", against: "lighttpd", atMost: 1.1, aim: 1 },
  ],
};
