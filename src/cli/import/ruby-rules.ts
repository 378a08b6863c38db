// What becomes of each setting of Puma and Unicorn. Their names and meanings: Puma's `Puma::DSL`, Unicorn's `Unicorn::Configurator`.
import type { SettingName } from "../../server/settings/table.ts";

/** What becomes of a setting. `translated` ones are more than a name and have code of their own. */
export type RubyRule =
  | { readonly to: SettingName }
  | { readonly needless: string }
  | { readonly missing: string }
  | "translated";

const IN_EACH_PROCESS =
  "blocks are not called; ActiveRecord needs none, and what else each process needs goes into config.ru, or into Process._fork with preload";
const OF_SERVER = "blocks are not called; write a hook (onStarting, whenReady, onExit …) in tsgi.config.ts";
const OF_THREADS = "blocks are not called; let the application prepare what its threads need";
const CONTROL = "set controlSocket, and use tsgi ctl and tsgi top instead of pumactl";
const FORKS = "processes are forked from the one that has loaded the application if preload is set, and from no other";
const ALWAYS = "the server always does";
const OWN_POLICY = "each request goes to the process with the least work";
const RELOAD = "send HUP or run tsgi reload, which loses no request";

/** Puma's, by name. */
export const PUMA_RULES: ReadonlyMap<string, RubyRule> = new Map<string, RubyRule>([
  ["bind", "translated"],
  ["port", "translated"],
  ["ssl_bind", "translated"],
  ["clear_binds!", "translated"],
  ["set_default_host", "translated"],
  ["threads", "translated"],
  ["workers", "translated"],
  ["rackup", "translated"],
  ["environment", "translated"],
  ["preload_app!", "translated"],
  ["stdout_redirect", "translated"],
  ["plugin", "translated"],
  ["force_shutdown_after", "translated"],
  ["log_requests", "translated"],
  ["worker_timeout", "translated"],
  ["set_remote_address", "translated"],
  ["debug", "translated"],
  ["app", { missing: "an application in the configuration is not read; write it into config.ru" }],
  ["directory", { to: "chdir" }],
  ["pidfile", { to: "pid" }],
  ["tag", { to: "procName" }],
  ["persistent_timeout", { to: "keepAlive" }],
  ["first_data_timeout", { to: "headTimeout" }],
  ["worker_shutdown_timeout", { to: "gracefulTimeout" }],
  ["worker_boot_timeout", { to: "bootTimeout" }],
  ["http_content_length_limit", { to: "limitRequestBody" }],
  ["state_path", { missing: CONTROL }],
  ["state_permission", { missing: CONTROL }],
  ["activate_control_app", { missing: CONTROL }],
  ["restart_command", { needless: RELOAD }],
  ["early_hints", { needless: ALWAYS }],
  ["queue_requests", { needless: "requests are read before a thread gets them" }],
  ["drain_on_shutdown", { needless: "a stop answers every request that was accepted" }],
  ["bind_to_activated_sockets", { needless: "sockets that systemd has opened are taken" }],
  ["quiet", { needless: "the log has no line for each request unless accessLogfile says where" }],
  ["prune_bundler", { needless: "the server is no Ruby program and has no gems" }],
  ["extra_runtime_dependencies", { needless: "the server is no Ruby program and has no gems" }],
  ["nakayoshi_fork", { needless: "memory is tidied up before a fork" }],
  ["silence_single_worker_warning", { needless: "there is no such warning" }],
  ["silence_fork_callback_warning", { needless: "there is no such warning" }],
  ["raise_exception_on_sigterm", { needless: "TERM ends the server with exit code 0" }],
  ["mutate_stdout_and_stderr_to_sync_on_write", { needless: "what the application prints is logged at once" }],
  ["io_selector_backend", { needless: "Node waits for sockets in its own way" }],
  ["wait_for_less_busy_worker", { needless: OWN_POLICY }],
  ["worker_culling_strategy", { needless: OWN_POLICY }],
  ["worker_check_interval", { needless: "processes that end are noticed at once" }],
  ["enable_keep_alives", { needless: "connections are kept for keepAlive seconds" }],
  ["max_keep_alive", { needless: "a connection may have any number of requests" }],
  ["max_fast_inline", { needless: "a connection may have any number of requests" }],
  ["supported_http_methods", { needless: "every method reaches the application" }],
  ["clean_thread_locals", { missing: "threads keep their variables; clear them in a middleware" }],
  ["fork_worker", { missing: FORKS }],
  ["idle_timeout", { missing: "the server does not end by itself; let systemd stop it" }],
  ["rack_url_scheme", { missing: "set urlScheme" }],
  ["lowlevel_error_handler", { missing: "an exception gives 500, and its backtrace goes to the error log" }],
  ["custom_logger", { missing: "errorLogfile, syslog and accessLogfile say where logs go" }],
  ["log_formatter", { missing: 'set accessLogformat, or accessLogStyle: "json"' }],
  ["shutdown_debug", { missing: "the log names the requests that a stop has cut off" }],
  ["max_io_threads", { missing: "there is one kind of threads; set threads" }],
  ...[
    "on_worker_boot",
    "before_worker_boot",
    "on_worker_shutdown",
    "before_worker_shutdown",
    "before_fork",
    "on_refork",
  ].map((name) => [name, { missing: IN_EACH_PROCESS }] as const),
  ...["before_refork", "after_refork"].map((name) => [name, { missing: IN_EACH_PROCESS }] as const),
  ...["on_restart", "before_restart", "on_booted", "after_booted", "on_stopped", "after_stopped"].map(
    (name) => [name, { missing: OF_SERVER }] as const,
  ),
  ...["on_worker_fork", "before_worker_fork", "after_worker_fork"].map(
    (name) => [name, { missing: OF_SERVER }] as const,
  ),
  ...["on_thread_start", "before_thread_start", "on_thread_exit", "before_thread_exit", "out_of_band"].map(
    (name) => [name, { missing: OF_THREADS }] as const,
  ),
]);

/** Unicorn's, by name. */
export const UNICORN_RULES: ReadonlyMap<string, RubyRule> = new Map<string, RubyRule>([
  ["listen", "translated"],
  ["timeout", { to: "timeout" }],
  ["user", "translated"],
  ["stdout_path", "translated"],
  ["stderr_path", { to: "errorLogfile" }],
  ["worker_processes", { to: "workers" }],
  ["working_directory", { to: "chdir" }],
  ["pid", { to: "pid" }],
  ["preload_app", { to: "preload" }],
  ["logger", { missing: "errorLogfile and syslog say where logs go" }],
  ["default_middleware", { needless: "no middleware is added" }],
  ["early_hints", { needless: ALWAYS }],
  ["rewindable_input", { needless: "rack.input can be read again" }],
  ["client_body_buffer_size", { needless: "large bodies are kept in files" }],
  ["check_client_connection", { needless: "a request whose client has left before its turn is not answered" }],
  ["worker_exec", { missing: FORKS }],
  ["before_exec", { missing: OF_SERVER }],
  ...["before_fork", "after_fork"].map((name) => [name, { missing: IN_EACH_PROCESS }] as const),
  ...["after_worker_exit", "after_worker_ready"].map((name) => [name, { missing: OF_SERVER }] as const),
]);
