// The commands of `tsgi` by name: a word that is none of them is a target. What they do is loaded only for them.

/** In the order of `tsgi --help`. */
export const COMMAND_NAMES: readonly string[] = [
  "fetch",
  "cgi",
  "config",
  "import",
  "gunicorn",
  "uwsgi",
  "pserve",
  "init",
  "reload",
  "routes",
  "openapi",
  "lane-check",
  "top",
  "ctl",
  "doctor",
  "explain",
  "completion",
  "help",
];
