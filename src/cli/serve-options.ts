// Every option of serving, declared once: flag, type, default and help. The settings type and the help text are derived from it.
import { DEFAULT_ACCESS_LOG_FORMAT } from "../server/logging/access-log.ts";
import { LOG_LEVELS } from "../server/logging/error-log.ts";

type OptionDeclaration = {
  /** As commander takes it; the long name in camelCase is the key of the table. */
  readonly flags: string;
  readonly help: string;
  readonly group: "Server socket" | "TLS" | "Development" | "Logging" | "Stopping";
} & (
  | { readonly type: "text"; readonly default?: string }
  | { readonly type: "list" }
  | { readonly type: "boolean" }
  | { readonly type: "integer"; readonly default: number; readonly minimum: number; readonly maximum: number }
  | { readonly type: "seconds"; readonly default: number }
  | { readonly type: "choice"; readonly default: string; readonly choices: readonly string[] }
);

/** The table. */
export const SERVE_OPTIONS = {
  bind: {
    flags: "-b, --bind <address>",
    type: "list",
    group: "Server socket",
    help: "HOST:PORT, [::1]:PORT, :PORT or unix:PATH; repeatable; port 0 takes a free one (default: 127.0.0.1:8000, or 0.0.0.0:$PORT)",
  },
  backlog: {
    flags: "--backlog <number>",
    type: "integer",
    default: 2048,
    minimum: 1,
    maximum: 65_535,
    group: "Server socket",
    help: "connections that may wait to be accepted",
  },
  keyfile: {
    flags: "--keyfile <file>",
    type: "text",
    group: "TLS",
    help: "private key in PEM; serves https together with --certfile",
  },
  certfile: { flags: "--certfile <file>", type: "text", group: "TLS", help: "certificate chain in PEM" },
  caCerts: {
    flags: "--ca-certs <file>",
    type: "text",
    group: "TLS",
    help: "certificates in PEM that client certificates are checked against",
  },
  certReqs: {
    flags: "--cert-reqs <number>",
    type: "choice",
    choices: ["0", "1", "2"],
    default: "0",
    group: "TLS",
    help: "client certificates: 0 not asked for, 1 optional, 2 required",
  },
  reload: { flags: "--reload", type: "boolean", group: "Development", help: "restart when a source file changes" },
  reloadExtraFile: {
    flags: "--reload-extra-file <glob>",
    type: "list",
    group: "Development",
    help: "restart when one of these files changes too; repeatable",
  },
  accessLogfile: {
    flags: "--access-logfile <file>",
    type: "text",
    group: "Logging",
    help: 'where to log requests; "-" is standard output',
  },
  accessLogformat: {
    flags: "--access-logformat <format>",
    type: "text",
    default: DEFAULT_ACCESS_LOG_FORMAT,
    group: "Logging",
    help: "gunicorn's identifiers: h l u t r m U q H s B b f a T M D L p {header}i {header}o {variable}e",
  },
  errorLogfile: {
    flags: "--log-file, --error-logfile <file>",
    type: "text",
    default: "-",
    group: "Logging",
    help: 'where to log what happens; "-" is standard error',
  },
  logLevel: {
    flags: "--log-level <level>",
    type: "choice",
    choices: LOG_LEVELS,
    default: "info",
    group: "Logging",
    help: "least important level to log",
  },
  gracefulTimeout: {
    flags: "--graceful-timeout <seconds>",
    type: "seconds",
    default: 30,
    group: "Stopping",
    help: "time for running requests to finish after SIGTERM or SIGINT; a second signal ends them",
  },
} as const satisfies Record<string, OptionDeclaration>;

type ValueOf<D extends OptionDeclaration> = D extends { type: "list" }
  ? readonly string[]
  : D extends { type: "boolean" }
    ? boolean
    : D extends { type: "integer" | "seconds" }
      ? number
      : D extends { type: "choice"; choices: readonly (infer C)[] }
        ? C
        : D extends { default: string }
          ? string
          : string | undefined;

/** The settings of serving, as the options give them. */
export type ServeSettings = {
  readonly [Name in keyof typeof SERVE_OPTIONS]: ValueOf<(typeof SERVE_OPTIONS)[Name]>;
};

/** A declaration with its name, as the command line needs it. */
export type NamedServeOption = OptionDeclaration & { readonly name: keyof ServeSettings };

/** The declarations in the order of the table. */
export function serveOptionList(): NamedServeOption[] {
  return (Object.keys(SERVE_OPTIONS) as (keyof ServeSettings)[]).map((name) => ({ name, ...SERVE_OPTIONS[name] }));
}
