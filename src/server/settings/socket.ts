// Settings of the listening sockets.
import type { Section } from "./setting.ts";

/** Server socket. */
export const SOCKET = {
  title: "Server socket",
  settings: {
    bind: {
      type: "list",
      item: "address",
      default: ["127.0.0.1:8000"],
      short: "b",
      source: "gunicorn",
      fallback: {
        variable: "PORT",
        form: "0.0.0.0:%",
        pattern: /^(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
        expected: "a number from 0 to 65535",
      },
      isCommon: true,
      doc: "Where to listen: `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `unix:PATH` or `fd://N`; can be repeated. With `fastcgi://`, `scgi://` or `uwsgi://` before it, a web server in front connects there in that protocol (`fastcgi://127.0.0.1:9000`, `fastcgi:unix:/run/app.sock?mount=/app`). Port 0 picks a free port. Sockets from systemd replace it.",
    },
    backlog: {
      type: "integer",
      default: 2048,
      minimum: 1,
      maximum: 65_535,
      unit: "connections",
      source: "gunicorn",
      doc: "Maximum connections waiting to be accepted. The system may allow fewer (`net.core.somaxconn`).",
    },
    dispatch: {
      type: "choice",
      choices: ["shared", "reuse-port", "dispatch"],
      default: "shared",
      source: "tsgi",
      isForStartOnly: true,
      doc: "How connections reach the workers. `shared`: all accept from one socket, and nothing is lost when a worker ends. `reuse-port`: each has its own socket. `dispatch`: the arbiter accepts and passes each connection to the worker with the fewest, for long-lived connections that arrive in bursts.",
    },
    reusePort: {
      type: "boolean",
      default: false,
      source: "gunicorn",
      isForStartOnly: true,
      doc: "The same as `--dispatch reuse-port`. Needs Node 22.12 or later and a system with `SO_REUSEPORT`; connections queued on the socket of a worker that ends are reset by Linux unless `net.ipv4.tcp_migrate_req` is on.",
    },
  },
} as const satisfies Section;
