// Settings of gunicorn that have no counterpart here, each with the reason. The message for such a flag and the table of the
// documentation derive from this.

/** A setting of gunicorn that does not exist here. */
export interface NotSupported {
  /** Name in gunicorn's configuration file. */
  readonly name: string;
  /** Flags on gunicorn's command line; empty when it has none. */
  readonly flags: readonly string[];
  /** Why it is absent, and what to use in its place; goes after "… is not supported: ". */
  readonly why: string;
}

const GRAMMAR = "two readers of such a message could see different requests, so it is always refused";
const HTTP2 = "the server speaks HTTP/1.1; let a front end such as nginx speak HTTP/2 to clients";
const DIRTY = "there is only one kind of worker; run heavy work in a separate process";
const OWN_LOGS = "the server's own logs are not Python's; use --log-level, --access-log-style json and --log-syslog";
const SERVED_BY_EVENT_LOOP = "it is for ASGI applications; tsgi serves WSGI applications";

/** The table. */
export const NOT_SUPPORTED: readonly NotSupported[] = [
  { name: "websocket_max_message_size", flags: ["--websocket-max-message-size"], why: SERVED_BY_EVENT_LOOP },
  { name: "asgi_loop", flags: ["--asgi-loop"], why: SERVED_BY_EVENT_LOOP },
  { name: "asgi_lifespan", flags: ["--asgi-lifespan"], why: SERVED_BY_EVENT_LOOP },
  { name: "asgi_disconnect_grace_period", flags: ["--asgi-disconnect-grace-period"], why: SERVED_BY_EVENT_LOOP },
  { name: "root_path", flags: ["--root-path"], why: SERVED_BY_EVENT_LOOP },
  { name: "http_parser", flags: ["--http-parser"], why: "there is only one parser" },
  {
    name: "reload_engine",
    flags: ["--reload-engine"],
    why: "the server always uses the system's file notifications if there are any",
  },
  { name: "spew", flags: ["--spew"], why: "Node has no trace of executed lines; use node --inspect or --cpu-prof" },
  {
    name: "sendfile",
    flags: ["--no-sendfile"],
    why: "Node always sends files by reading them",
  },
  {
    name: "worker_tmp_dir",
    flags: ["--worker-tmp-dir"],
    why: "workers send heartbeats over a pipe, not through files",
  },
  { name: "tmp_upload_dir", flags: [], why: "temporary files go to the directory of the variable TMPDIR" },
  {
    name: "secure_scheme_headers",
    flags: [],
    why: "X-Forwarded-Proto of the front ends in --forwarded-allow-ips sets the scheme, and so does Forwarded if --forwarded-headers names it",
  },
  {
    name: "forwarder_headers",
    flags: ["--forwarder-headers"],
    why: "--forwarded-headers names the headers that front ends set; it may contain SCRIPT_NAME, but not PATH_INFO",
  },
  {
    name: "header_map",
    flags: ["--header-map"],
    why: "headers with an underscore are always dropped, because in the environ they would look like others",
  },
  { name: "protocol", flags: ["--protocol"], why: "write uwsgi:// before the address of --bind" },
  { name: "uwsgi_allow_ips", flags: ["--uwsgi-allow-from"], why: "use --gateway-allow-ips" },
  {
    name: "pythonpath",
    flags: ["--pythonpath"],
    why: "set the variable PYTHONPATH, or --env PYTHONPATH=...; the directory of --chdir is always searched",
  },
  {
    name: "paste",
    flags: ["--paste", "--paster"],
    why: "name the file as the target: tsgi app.ini or tsgi app.ini#name",
  },
  { name: "raw_paste_global_conf", flags: ["--paste-global"], why: "write the values into [DEFAULT] of the file" },
  { name: "permit_obsolete_folding", flags: ["--permit-obsolete-folding"], why: GRAMMAR },
  { name: "strip_header_spaces", flags: ["--strip-header-spaces"], why: GRAMMAR },
  {
    name: "permit_unconventional_http_method",
    flags: ["--permit-unconventional-http-method"],
    why: "the server accepts every method that HTTP allows, and passes it on as it is written",
  },
  {
    name: "permit_unconventional_http_version",
    flags: ["--permit-unconventional-http-version"],
    why: "only HTTP/1.0 and HTTP/1.1 are accepted",
  },
  {
    name: "casefold_http_method",
    flags: ["--casefold-http-method"],
    why: "methods are case-sensitive, so they are passed on as they are written",
  },
  {
    name: "disable_redirect_access_to_syslog",
    flags: ["--disable-redirect-access-to-syslog"],
    why: "the access log goes where --access-logfile says",
  },
  { name: "logger_class", flags: ["--logger-class"], why: OWN_LOGS },
  { name: "logconfig_dict", flags: [], why: "write it into a JSON file, and name that file with --log-config-json" },
  {
    name: "enable_backlog_metric",
    flags: ["--enable-backlog-metric"],
    why: "the length of the listen queue is not measured",
  },
  { name: "default_proc_name", flags: [], why: "it is internal to gunicorn; use --name" },
  { name: "ssl_version", flags: ["--ssl-version"], why: "gunicorn ignores it too; the server speaks TLS 1.2 and 1.3" },
  {
    name: "suppress_ragged_eofs",
    flags: ["--suppress-ragged-eofs"],
    why: "a connection that ends without a TLS close message is never an error",
  },
  {
    name: "do_handshake_on_connect",
    flags: ["--do-handshake-on-connect"],
    why: "handshakes never hold up other connections",
  },
  { name: "http_protocols", flags: ["--http-protocols"], why: HTTP2 },
  { name: "http2_cleartext", flags: ["--http2-cleartext"], why: HTTP2 },
  { name: "http2_max_concurrent_streams", flags: ["--http2-max-concurrent-streams"], why: HTTP2 },
  { name: "http2_initial_window_size", flags: ["--http2-initial-window-size"], why: HTTP2 },
  { name: "http2_max_frame_size", flags: ["--http2-max-frame-size"], why: HTTP2 },
  { name: "http2_max_header_list_size", flags: ["--http2-max-header-list-size"], why: HTTP2 },
  { name: "dirty_apps", flags: ["--dirty-app"], why: DIRTY },
  { name: "dirty_workers", flags: ["--dirty-workers"], why: DIRTY },
  { name: "dirty_timeout", flags: ["--dirty-timeout"], why: DIRTY },
  { name: "dirty_threads", flags: ["--dirty-threads"], why: DIRTY },
  { name: "dirty_graceful_timeout", flags: ["--dirty-graceful-timeout"], why: DIRTY },
  { name: "on_dirty_starting", flags: [], why: DIRTY },
  { name: "dirty_post_fork", flags: [], why: DIRTY },
  { name: "dirty_worker_init", flags: [], why: DIRTY },
  { name: "dirty_worker_exit", flags: [], why: DIRTY },
  {
    name: "worker_abort",
    flags: [],
    why: "a worker that hangs cannot run hooks; the log says where it hung, and childExit is called for it",
  },
  {
    name: "control_socket_mode",
    flags: ["--control-socket-mode"],
    why: "only the owner can use the socket",
  },
  {
    name: "control_socket_disable",
    flags: ["--no-control-socket"],
    why: "there is no control socket unless you set --control-socket",
  },
];
