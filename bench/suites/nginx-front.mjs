// @ts-check
// nginx as a front of one process: what it passes on, and with which protocol.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";

const folder = fileURLToPath(new URL("../.cache/nginx", import.meta.url));

/** What a location says for each protocol, with keep-alive where nginx has it. */
const PASSES = {
  http: 'proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;',
  fastcgi:
    "fastcgi_pass behind; fastcgi_keep_conn on; include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_NAME ''; fastcgi_param PATH_INFO $uri;",
  php: "fastcgi_pass behind; fastcgi_keep_conn on; include /etc/nginx/fastcgi_params;",
  scgi: "scgi_pass behind; include /etc/nginx/scgi_params;",
  uwsgi: "uwsgi_pass behind; include /etc/nginx/uwsgi_params;",
};

/** @typedef {keyof typeof PASSES} Pass */

/** @returns {string | null} the program */
export function nginx() {
  return answerOf("sh", ["-c", "command -v nginx || (test -x /usr/sbin/nginx && echo /usr/sbin/nginx)"]);
}

/** @returns {string | null} why it cannot run here */
export function nginxMissing() {
  return nginx() === null ? "'nginx' is not in PATH; install it (Debian, Ubuntu: apt-get install nginx)" : null;
}

/** @returns {string | null} its version */
export function nginxVersion() {
  return answerOf("sh", ["-c", `${nginx()} -v 2>&1`])?.replace(/^\D+/, "") ?? null;
}

/**
 * Tells the command of a front.
 *
 * @param {number} port where it listens, on the loopback
 * @param {number} upstreamPort what it passes all requests on to
 * @param {Pass} pass by which protocol
 * @param {string} [more] directives of the location
 * @returns {import("../harness/server-process.mjs").Command} starts it
 */
export function nginxFront(port, upstreamPort, pass, more = "") {
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${port}.conf`;
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${path}.pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/temp; proxy_temp_path ${folder}/temp; fastcgi_temp_path ${folder}/temp;
  uwsgi_temp_path ${folder}/temp; scgi_temp_path ${folder}/temp;
  upstream behind { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port}; location / { ${PASSES[pass]} ${more} } }
}
`,
  );
  return { argv: [nginx() ?? "nginx", "-e", "stderr", "-c", path] };
}
