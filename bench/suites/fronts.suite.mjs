// @ts-check
// What a request costs behind nginx, nginx included: TSGI by each protocol, PHP-FPM and uWSGI.
import { HELLO_WORKLOADS } from "./hello.mjs";
import { nginxFront, nginxMissing } from "./nginx-front.mjs";
import { PHP_ROOT, phpFpmCommand, phpFpmMissing, phpFpmVersion } from "./php-fpm.mjs";
import { application, tsgiBound, tsgiVersion } from "./tsgi-command.mjs";
import { uwsgiCommand, uwsgiMissing, uwsgiVersion } from "./uwsgi.mjs";

/**
 * TSGI behind nginx.
 *
 * @param {import("./nginx-front.mjs").Pass} pass protocol, as nginx spells it
 * @param {string} label what readers call it
 * @returns {import("../harness/suite.mjs").Server} declaration
 */
function behind(pass, label) {
  return {
    id: `tsgi-${pass}`,
    label: `TSGI by ${label}`,
    missing: nginxMissing,
    version: tsgiVersion,
    countsUpstream: true,
    upstream: () => (port) => ({
      argv: tsgiBound(application, `${pass === "http" ? "" : `${pass}://`}127.0.0.1:${port}`),
    }),
    command: ({ port, upstreamPort }) => nginxFront(port, upstreamPort, pass),
  };
}

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "fronts",
  title: "Behind nginx, nginx included",
  baseline: "uwsgi",
  servers: [
    behind("fastcgi", "FastCGI"),
    behind("scgi", "SCGI"),
    behind("uwsgi", "uwsgi"),
    behind("http", "HTTP"),
    {
      id: "php-fpm",
      label: "PHP-FPM",
      missing: () => nginxMissing() ?? phpFpmMissing(),
      version: phpFpmVersion,
      countsUpstream: true,
      upstream: () => phpFpmCommand,
      command: ({ port, upstreamPort }) =>
        nginxFront(port, upstreamPort, "php", `fastcgi_param SCRIPT_FILENAME ${PHP_ROOT}/hello.php;`),
    },
    {
      id: "uwsgi",
      label: "uWSGI with Python",
      missing: () => nginxMissing() ?? uwsgiMissing(),
      version: uwsgiVersion,
      countsUpstream: true,
      upstream: () => (port) => uwsgiCommand(["--uwsgi-socket", `127.0.0.1:${port}`]),
      command: ({ port, upstreamPort }) => nginxFront(port, upstreamPort, "uwsgi"),
    },
  ],
  workloads: HELLO_WORKLOADS,
  goals: [
    { workload: "hello", server: "tsgi-fastcgi", against: "php-fpm", atMost: 0.7, aim: 0.6 },
    { workload: "hello", server: "tsgi-fastcgi", against: "uwsgi", atMost: 0.6, aim: 0.5 },
    { workload: "hello", server: "tsgi-scgi", against: "uwsgi", atMost: 1, aim: 0.9 },
    { workload: "hello", server: "tsgi-uwsgi", against: "uwsgi", atMost: 1, aim: 0.9 },
  ],
};
