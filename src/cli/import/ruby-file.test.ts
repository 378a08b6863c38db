import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { interpreterWith } from "../../../test/needs.ts";
import type { Draft } from "./draft.ts";
import { draftOf, importFile } from "./import-file.ts";

const ruby = interpreterWith("ruby");
const root = mkdtempSync(join(tmpdir(), "tsgi-ruby-file-"));
const PATH = { PATH: process.env["PATH"] };

afterEach(() => rmSync(join(root, "puma.rb"), { force: true }));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function imported(server: "puma" | "unicorn", text: string, environment: Record<string, string> = {}): Draft {
  writeFileSync(join(root, `${server}.rb`), text);
  writeFileSync(join(root, "config.ru"), "");
  return draftOf(`${server}.rb`, server, root, { ...PATH, ...environment });
}

/** The remarks, each as it would be read. */
function remarks(draft: Draft): string[] {
  return draft.remarks.map(({ kind, subject, why }) => `${kind} ${subject}: ${why}`);
}

describe.skipIf(ruby === undefined)("puma.rb", () => {
  test("as Rails writes it", () => {
    const draft = imported(
      "puma",
      `max_threads_count = ENV.fetch("RAILS_MAX_THREADS") { 5 }
min_threads_count = ENV.fetch("RAILS_MIN_THREADS") { max_threads_count }
threads min_threads_count, max_threads_count
worker_timeout 3600 if ENV.fetch("RAILS_ENV", "development") == "development"
port ENV.fetch("PORT") { 3000 }
environment ENV.fetch("RAILS_ENV") { "development" }
pidfile ENV.fetch("PIDFILE") { "tmp/pids/server.pid" }
workers ENV.fetch("WEB_CONCURRENCY") { 2 }
preload_app!
on_worker_boot do
  ActiveRecord::Base.establish_connection
end
plugin :tmp_restart
plugin :solid_queue if ENV["SOLID_QUEUE_IN_PUMA"]
`,
      { RAILS_MAX_THREADS: "3", SOLID_QUEUE_IN_PUMA: "1" },
    );
    expect(Object.fromEntries(draft.values)).toEqual({
      target: "config.ru",
      bind: ["0.0.0.0:3000"],
      threads: 3,
      workers: 2,
      preload: true,
      timeout: 0,
      pid: "tmp/pids/server.pid",
      env: ["RACK_ENV=development"],
    });
    expect(remarks(draft)).toEqual([
      expect.stringMatching(/^missing on_worker_boot \{ … \}: blocks are not called; ActiveRecord needs none/),
      expect.stringMatching(/^changed timeout: Puma has no deadline/),
      expect.stringMatching(/^needless worker_timeout 3600: /),
      expect.stringMatching(/^missing plugin "tmp_restart": /),
      expect.stringMatching(/^missing plugin "solid_queue": run bin\/jobs/),
    ]);
  });

  test.each<[text: string, values: Record<string, unknown>]>([
    ["", { bind: ["0.0.0.0:9292"], threads: 5, target: "config.ru" }],
    ["threads 1, 4\nrackup 'shop.ru'\n", { threads: 4, target: "shop.ru" }],
    [
      "bind 'unix:///run/app.sock?umask=0111&backlog=64'\nbind 'tcp://[::1]:80'",
      { bind: ["unix:/run/app.sock", "[::1]:80"], umask: "0111", backlog: 64 },
    ],
    ["bind 'tcp://a:1'\nclear_binds!\nport 80, '::1'", { bind: ["[::1]:80"] }],
    ["set_default_host '127.0.0.1'\nport 80", { bind: ["127.0.0.1:80"] }],
    [
      "bind 'ssl://0:443?key=a.key&cert=a.crt&verify_mode=peer&ca=ca.pem'",
      { bind: ["0.0.0.0:443"], keyfile: "a.key", certfile: "a.crt", caCerts: "ca.pem", certReqs: "1" },
    ],
    ["ssl_bind '0.0.0.0', 443, key: 'a.key', cert: 'a.crt'", { bind: ["0.0.0.0:443"], keyfile: "a.key" }],
    ["workers 2", { workers: 2, preload: true }],
    ["workers 2\npreload_app! false", { workers: 2, preload: false }],
    [
      "directory '/srv'\ntag 'shop'\npersistent_timeout 20\nworker_shutdown_timeout 9",
      { chdir: "/srv", procName: "shop", keepAlive: 20, gracefulTimeout: 9 },
    ],
    [
      "stdout_redirect 'out.log', 'err.log', true\nlog_requests\ndebug",
      { errorLogfile: "err.log", accessLogfile: "-", logLevel: "debug" },
    ],
    ["force_shutdown_after :immediately", { gracefulTimeout: 0 }],
    ["set_remote_address proxy_protocol: :v1", { proxyProtocol: "v1" }],
    [
      "require 'etc'\nputs 'noise'\nsystem 'echo noise'\nworkers [Etc.nprocessors, 3].min.clamp(3, 3)\nload 'more.rb'",
      { workers: 3, threads: 7 },
    ],
  ])("%j", (text, values) => {
    writeFileSync(join(root, "more.rb"), "threads 7, 7\n");
    expect(Object.fromEntries(imported("puma", text).values)).toMatchObject(values);
  });

  test.each([
    ["worker 3", 'missing worker 3: Puma has no such setting; did you mean "workers"'],
    ["state_path Object.new", "missing state_path a Object: "],
    ["activate_control_app 'auto', { auth_token: 'secret' }", 'missing activate_control_app "auto", auth_token: …: '],
    ["port", "missing port: expected the number of a port"],
    ["set_remote_address :socket", "changed timeout: "],
    ["set_remote_address header: 'x-real-ip'", "missing set_remote_address header: …: forwardedAllowIps names"],
    ["set_remote_address proxy_protocol: :v1", "changed set_remote_address proxy_protocol: …: proxyAllowIps names"],
    ["state_path 'x' * 60_000", "xxx...: set controlSocket"],
    ["state_path(*1..900)", ", 52, 5…: set controlSocket"],
    ["app { |env| [200, {}, []] }", "missing app { … }: an application in the configuration is not read"],
    ["workers 'many'", 'missing workers "many": '],
    ["quiet", "needless quiet: "],
    ["before_fork { }\nlowlevel_error_handler { |e| }", "missing before_fork { … }: "],
    ["threads 0, 16", "changed threads 0, 16: there are always 16 threads"],
    ["bind 'pipe:x'", 'missing bind "pipe:x": expected "tcp://…", "ssl://…" or "unix://…"'],
    ["environment nil", "changed environment: RACK_ENV is production unless"],
    ["tag 'x' * 100_000", "missing tag "],
  ])("%j is commented on", (text, remark) => {
    expect(remarks(imported("puma", text))).toEqual(expect.arrayContaining([expect.stringContaining(remark)]));
  });

  test.each([
    ["raise 'one\ntwo'", /: RuntimeError at line 1: one two$/],
    ["workers (", /: SyntaxError: /],
    ["require 'no/such'", /: LoadError at line 1: cannot load such file -- no\/such$/],
    ["exit", /: it ends the program that reads it$/],
    ["def a; a; end; a", /: SystemStackError/],
    ["load 'puma.rb'", /is loaded in itself$/],
    ["loop { workers 1 }", /: RuntimeError at line 1: There are more than 1000 settings$/],
    ["Process.kill(:KILL, $$)", /was ended by SIGKILL$/],
  ])("%j is refused", (text, message) => {
    expect(() => imported("puma", text)).toThrow(message);
  });

  test("as Heroku and Capistrano taught it: constants of Puma, and libraries that it has loaded", () => {
    const draft = imported(
      "puma",
      `rackup DefaultRackup
port(ENV["PORT"] || DefaultTCPPort)
workers Etc.nprocessors
threads 1, Set[1, 2].size
abort if Gem::Version.new(Puma::Const::VERSION) < Gem::Version.new("4")
pidfile FileUtils.pwd + "/server.pid"
`,
      { PORT: "3100" },
    );
    expect(draft.get("target")).toBe("config.ru");
    expect(draft.get("bind")).toEqual(["0.0.0.0:3100"]);
    expect(draft.get("threads")).toBe(2);
    expect(draft.get("workers")).toBeGreaterThan(0);
  });

  test("is read also where a gem of the Gemfile is missing", () => {
    writeFileSync(join(root, "Gemfile"), "gem 'no-such-gem'\n");
    expect(imported("puma", "workers 3").get("workers")).toBe(3);
    rmSync(join(root, "Gemfile"));
  });

  test("is told by its name, as Unicorn's is", () => {
    imported("puma", "workers 2");
    expect(importFile("puma.rb", {}, root, PATH).config).toContain('"workers": 2');
    imported("unicorn", "worker_processes 2");
    expect(importFile("unicorn.rb", {}, root, PATH).config).toContain('"workers": 2');
    writeFileSync(join(root, "other.rb"), "");
    expect(() => importFile("other.rb", {}, root, PATH)).toThrow('Cannot tell what kind of file "other.rb" is');
  });
});

test.skipIf(ruby === undefined)("unicorn.rb", () => {
  const draft = imported(
    "unicorn",
    `worker_processes 4
working_directory "/srv/shop"
listen "/run/shop.sock", backlog: 64
listen 8080, tcp_nopush: true
pid "/run/shop.pid"
stderr_path "log/err.log"
stdout_path "log/out.log"
preload_app true
check_client_connection false
user "deploy", "www"
before_fork { |server, worker| defined?(ActiveRecord::Base) and ActiveRecord::Base.connection.disconnect! }
`,
  );
  expect(Object.fromEntries(draft.values)).toEqual({
    target: "config.ru",
    bind: ["unix:/run/shop.sock", "0.0.0.0:8080"],
    backlog: 64,
    workers: 4,
    chdir: "/srv/shop",
    timeout: 60,
    preload: true,
    pid: "/run/shop.pid",
    errorLogfile: "log/err.log",
    user: "deploy",
    group: "www",
  });
  expect(remarks(draft).filter((text) => text.startsWith("missing"))).toEqual([
    expect.stringMatching(/^missing before_fork \{ … \}: /),
  ]);
  expect(Object.fromEntries(imported("unicorn", "").values)).toMatchObject({ bind: "0.0.0.0:8080", timeout: 60 });
});

test.skipIf(ruby === undefined)("unicorn.rb that changes what belongs to Unicorn", () => {
  const draft = imported(
    "unicorn",
    `Unicorn::HttpServer::START_CTX[0] = "#{Unicorn::HttpServer::START_CTX[:cwd]}/bin/unicorn"
Unicorn::Configurator::DEFAULTS[:logger].formatter = Logger::Formatter.new
Unicorn::Configurator::RACKUP[:no_default_middleware] = true
logger Logger.new($stdout)
worker_processes Etc.nprocessors + 1
before_exec { |server| ENV["BUNDLE_GEMFILE"] = "Gemfile" }
`,
  );
  expect(Number(draft.get("workers"))).toBeGreaterThan(1);
});
