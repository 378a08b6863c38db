// Reads a configuration that is Ruby, Puma's or Unicorn's, by letting Ruby run it.
import { findInterpreter } from "../../guests/lane/find-interpreter.ts";
import { RUBY } from "../../guests/ruby/errors.ts";
import { evaluatedBy } from "./evaluated-by.ts";

/** A call in the file, such as `threads 1, 5`. */
export interface RubyCall {
  readonly name: string;
  /** As JSON has them; what it cannot hold is `{"ruby": …}` with how Ruby shows it. */
  readonly arguments: readonly unknown[];
  /** Whether a block follows, which is a hook. */
  readonly hasBlock: boolean;
}

/**
 * Runs the file as its server does, in an object whose methods are the settings, and prints all calls. What the file itself prints, or a
 * program that it starts, goes to standard error. Blocks are not called. If there is a Gemfile, its gems can be required, as far as they are
 * installed. What Puma and Unicorn have loaded before they read a file is there: parts of the standard library, and the constants and
 * questions of their own that files use.
 */
const PROGRAM = String.raw`
%w[json etc fileutils logger pathname set socket tmpdir time uri].each { |library| require library }
out = STDOUT.dup
STDOUT.reopen(STDERR)
$stdout = STDERR
gemfile = ENV["BUNDLE_GEMFILE"] || "Gemfile"
if File.exist?(gemfile)
  begin
    require "bundler/setup"
  rescue SystemExit, LoadError, StandardError => error
    # The gems that are missing need not be those that the file requires.
    warn "Bundler: #{error.message}"
  end
end
module Puma
  %i[jruby? windows? osx?].each { |name| define_singleton_method(name) { false } }
  %i[mri? forkable? ssl? unix_socket?].each { |name| define_singleton_method(name) { true } }
  module Const
    PUMA_VERSION = VERSION = "6.4.2"
  end
  module ConfigDefault
    DefaultRackup = "config.ru"
    DefaultTCPHost = "0.0.0.0"
    DefaultTCPPort = 9292
    DefaultWorkerCheckInterval = 5
    DefaultWorkerTimeout = 60
    DefaultWorkerShutdownTimeout = 30
  end
end
module Unicorn
  class HttpServer
    START_CTX = { 0 => "unicorn", argv: [], cwd: Dir.pwd }
  end
  class Configurator
    DEFAULTS = { timeout: 60, logger: Logger.new(STDERR), worker_processes: 1, preload_app: false }
    RACKUP = { daemonize: false, host: "0.0.0.0", port: 8080, set_listener: false, options: {} }
  end
end
class Settings
  include Puma::ConfigDefault
  attr_reader :calls
  def initialize
    @calls = []
    @depth = 0
  end
  def load(path)
    raise "\"#{path}\" is loaded in itself" if (@depth += 1) > 20
    instance_eval(File.read(path), path, 1)
    @depth -= 1
  end
  alias import load
  def get(_name, default = nil)
    default
  end
  def method_missing(name, *words, **named, &block)
    words << named unless named.empty?
    raise "There are more than 1000 settings" if @calls.push([name.to_s, words, !block.nil?]).length > 1000
    nil
  end
  def respond_to_missing?(*)
    true
  end
end
def plain(value, depth = 0)
  raise TypeError if depth > 8
  case value
  when nil, true, false, Integer then value
  when Float then value.finite? ? value : value.to_s
  when Symbol then value.to_s
  when String then value.dup.force_encoding("UTF-8").scrub
  when Array then value.map { |each| plain(each, depth + 1) }
  when Hash then value.to_h { |key, each| [key.to_s, plain(each, depth + 1)] }
  else value.respond_to?(:to_path) ? value.to_path : (raise TypeError)
  end
end
def shown(value)
  printed = plain(value)
  return printed if JSON.generate(printed).bytesize <= 65_536
  { "ruby" => "a large value" }
rescue TypeError
  { "ruby" => "a #{value.class}" }
end
settings = Settings.new
begin
  settings.load(ARGV[0])
rescue SystemExit
  warn "it ends the program that reads it"
  exit! 1
rescue Exception => error
  place = (error.backtrace || []).find { |line| line.start_with?(ARGV[0]) }
  line = place && place[ARGV[0].length..][/\A:(\d+)/, 1]
  warn "#{error.class}#{line && " at line #{line}"}: #{error.message.to_s.strip.tr("\n", " ")}"
  exit! 1
end
calls = settings.calls.map { |name, words, block| { "name" => name, "arguments" => words.map { |each| shown(each) }, "hasBlock" => block } }
out.write(JSON.generate(calls))
out.flush
exit! 0
`;

/**
 * Evaluates a file.
 *
 * @param path - absolute
 * @param directory - in which the server would be started
 * @param environment - of the server, which the file may read
 * @returns the calls in order
 * @throws FileUnusableError with Ruby's own message when the file fails
 * @throws RubyStartError when there is no Ruby
 */
export function evaluateRubyFile(
  path: string,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly RubyCall[] {
  const ruby = findInterpreter(RUBY, environment["TSGI_RUBY"], { directory, environment });
  const printed = evaluatedBy(ruby, ["-e", PROGRAM, "--", path], path, { cwd: directory, env: { ...environment } });
  return JSON.parse(printed) as readonly RubyCall[];
}
