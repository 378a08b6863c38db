import { describe, expect, test } from "vitest";
import { HOOKS } from "./hooks.ts";
import { NOT_SUPPORTED } from "./not-supported.ts";
import { parseValue } from "./parse-value.ts";
import { flagOf, kebabCase, variableOf } from "./setting.ts";
import { SECTIONS, SETTINGS, settingList } from "./table.ts";

/** Every setting of gunicorn 26.1, hooks included. */
const GUNICORN =
  `config websocket_max_message_size wsgi_app bind backlog workers worker_class threads worker_connections max_requests max_requests_jitter
  timeout graceful_timeout keepalive asgi_loop asgi_lifespan asgi_disconnect_grace_period http_parser limit_request_line
  limit_request_fields limit_request_field_size reload reload_engine reload_extra_files spew check_config print_config preload_app
  sendfile reuse_port chdir daemon raw_env pidfile worker_tmp_dir user group umask initgroups tmp_upload_dir secure_scheme_headers
  forwarded_allow_ips forwarder_headers header_map proxy_protocol proxy_allow_ips protocol uwsgi_allow_ips pythonpath paste
  raw_paste_global_conf root_path permit_obsolete_folding strip_header_spaces permit_unconventional_http_method
  permit_unconventional_http_version casefold_http_method accesslog access_log_format disable_redirect_access_to_syslog errorlog
  loglevel capture_output logger_class logconfig logconfig_dict logconfig_json syslog syslog_addr syslog_prefix syslog_facility
  enable_stdio_inheritance statsd_host statsd_prefix dogstatsd_tags enable_backlog_metric proc_name default_proc_name keyfile
  certfile ssl_version cert_reqs ca_certs suppress_ragged_eofs do_handshake_on_connect ciphers http_protocols http2_cleartext
  http2_max_concurrent_streams http2_initial_window_size http2_max_frame_size http2_max_header_list_size dirty_apps dirty_workers
  dirty_timeout dirty_threads dirty_graceful_timeout control_socket control_socket_mode control_socket_disable on_starting on_reload
  when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec pre_request post_request child_exit worker_exit
  nworkers_changed on_exit ssl_context on_dirty_starting dirty_post_fork dirty_worker_init dirty_worker_exit`.split(
    /\s+/,
  );

const snakeCase = (name: string): string => kebabCase(name).replaceAll("-", "_");

/** What stands on the command line as itself. */
const WITHOUT_FLAG: readonly string[] = ["target", "arguments"];
/** Lists of what may hold any character. */
const WITHOUT_VARIABLE: readonly string[] = ["env", "arguments"];

describe("the table of settings", () => {
  test.each(settingList())(
    "%s has a documentation, a flag or a reason for none, and a default of its own type",
    (name, setting) => {
      expect(setting.doc).toMatch(/^[`A-Z].*\.$/s);
      expect(flagOf(name, setting) ?? "none").toMatch(WITHOUT_FLAG.includes(name) ? /^none$/ : /^--[a-z][a-z-]*$/);
      expect(parseValue(setting, setting.default)).toEqual({ value: setting.default });
      expect(variableOf(name, setting) ?? "none").toMatch(
        WITHOUT_VARIABLE.includes(name) ? /^none$/ : /^TSGI_[A-Z_]+$/,
      );
    },
  );

  test.each(settingList().filter(([, { source }]) => source === "tsgi"))(
    "%s, which gunicorn does not have, has one name on the command line, in the environment and in files",
    (_, setting) => {
      expect([undefined, null]).toContain(setting.flag);
      expect([undefined, null]).toContain(setting.variable);
    },
  );

  test("no two flags are told apart by a hyphen alone", () => {
    const flags = settingList().flatMap(([name, setting]) => flagOf(name, setting) ?? []);
    expect(new Set(flags.map((flag) => flag.replaceAll("-", ""))).size).toBe(flags.length);
  });

  test("no flag and no variable belongs to two settings", () => {
    const flags = [
      ...settingList().flatMap(([name, setting]) => [
        flagOf(name, setting),
        ...(setting.short === undefined ? [] : [`-${setting.short}`]),
        ...(setting.aliases ?? []).map((alias) => `--${alias}`),
      ]),
      ...NOT_SUPPORTED.flatMap(({ flags: own }) => own),
    ].filter((flag) => flag !== null);
    expect(flags.filter((flag, index) => flags.indexOf(flag) !== index)).toEqual([]);
    const variables = settingList().flatMap(([name, setting]) => variableOf(name, setting) ?? []);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test("holds each setting of its sections once", () => {
    const names = SECTIONS.flatMap(({ settings }) => Object.keys(settings));
    expect(names).toEqual(Object.keys(SETTINGS));
    expect(Object.keys(HOOKS).filter((hook) => Object.hasOwn(SETTINGS, hook))).toEqual([]);
  });

  test("every setting of gunicorn is here, or is told why not, and nothing is said to be gunicorn's that is not", () => {
    const here = settingList().filter(([, { source }]) => source === "gunicorn");
    const ours = here.map(([name, { gunicorn }]) => gunicorn ?? snakeCase(name));
    const hooks = Object.keys(HOOKS).map(snakeCase);
    const absent = NOT_SUPPORTED.map(({ name }) => name);
    // reload_extra_files, raw_env and the like carry gunicorn's name in their declaration.
    expect([...ours, ...hooks, ...absent].toSorted()).toEqual(GUNICORN.toSorted());
  });
});
