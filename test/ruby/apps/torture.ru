# Answers by path; each path is one thing that an application may do.

$closed = 0
$finished = []
$gate = Queue.new

class Parts
  def initialize(*parts)
    @parts = parts
  end

  def each
    @parts.each do |part|
      raise "the third part fails" if part == :fail

      yield part
    end
  end

  def close
    $closed += 1
  end
end

class FileBody < Parts
  def to_path
    File.expand_path("torture.ru", __dir__)
  end
end

PLAIN = { "content-type" => "text/plain" }.freeze
def ok(*parts)
  [200, PLAIN.dup, parts]
end

def inner_loop
  loop {}
end

ANSWERS = {
  "/hello" => ->(_) { ok("hello") },
  "/pid" => ->(_) { ok(Process.pid.to_s) },
  "/several" => ->(_) { ok("one ", "two ", "three") },
  "/parts" => ->(_) { [200, PLAIN.dup, Parts.new("a", "b", "c")] },
  "/fails-late" => ->(_) { [200, PLAIN.dup, Parts.new("a", "b", :fail)] },
  "/closed" => ->(_) { ok($closed.to_s) },
  "/path" => ->(_) { [200, PLAIN.dup, FileBody.new("not this")] },
  "/proc" => ->(_) { [200, PLAIN.dup, ->(stream) { stream << "x"; stream.write("y", "z"); stream.close }] },
  "/thread" => ->(_) { [200, PLAIN.dup, ->(stream) { Thread.new { sleep 0.05; stream.write("later"); stream.close } }] },
  "/silent" => ->(_) { [200, PLAIN.dup, ->(stream) { stream.write("x"); $silent = stream }] },
  "/array" => ->(_) { [200, { "content-type" => "text/plain", "set-cookie" => ["a=1", "b=2"] }, ["x"]] },
  "/lines" => ->(_) { [200, { "Content-Type" => "text/plain", "Set-Cookie" => "a=1\nb=2" }, ["x"]] },
  "/frozen" => ->(_) { [200, PLAIN, ["x"].freeze].freeze },
  "/text-status" => ->(_) { ["201", PLAIN.dup, ["x"]] },
  "/chunked" => ->(_) { [200, { "transfer-encoding" => "chunked" }, ["3\r\nabc\r\n", "2;x=y\r\nde\r\n", "0\r\n\r\n"]] },
  "/number" => ->(_) { 42 },
  "/bad-status" => ->(_) { [1000, PLAIN.dup, ["x"]] },
  "/body-number" => ->(_) { [200, PLAIN.dup, [42]] },
  "/no-body" => ->(_) { [200, PLAIN.dup, nil] },
  "/inject" => ->(_) { [200, { "x-a" => "1\rx-b: 2" }, ["x"]] },
  "/nul" => ->(_) { [200, { "x-a" => "1\0x-b" }, ["x"]] },
  "/raise" => ->(_) { raise "raised on purpose, at the tr\u00e4ge path" },
  "/exit" => ->(_) { exit 5 },
  "/ends-thread" => ->(_) { Thread.current.kill },
  "/gone" => ->(_) { exit! 5 },
  "/stuck" => ->(_) { inner_loop },
  "/errors" => ->(env) { env["rack.errors"].puts("printed"); env["rack.errors"] << "and \u20ac\n"; ok("x") },
  "/finished" => lambda do |env|
    env["rack.response_finished"] << ->(_, status, _, error) { $finished << "first #{status} #{error.inspect}" }
    env["rack.response_finished"] << ->(*) { raise "in between" }
    env["rack.response_finished"] << ->(*) { $finished << "last" }
    env["rack.after_reply"] << -> { $finished << "reply" }
    ok("x")
  end,
  "/finished-list" => ->(_) { ok($finished.join(",")) },
  "/hints" => ->(env) { env["rack.early_hints"]&.call("link" => "</a.css>; rel=preload"); ok("x") },
  "/fork" => ->(_) { (pid = fork) ? (Process.wait(pid); ok("parent")) : ok("child") },
  "/read" => ->(env) { ok(env["rack.input"].read) },
  "/read-blocks" => ->(env) { text = String.new; while (block = env["rack.input"].read(10_000)) do text << block end; ok(text, env["rack.input"].read(1).inspect) },
  "/gets" => ->(env) { first = env["rack.input"].gets; rest = 0; env["rack.input"].each { rest += 1 }; ok("#{first.bytesize} #{rest}") },
  "/rewind" => ->(env) { one = env["rack.input"].read(3); env["rack.input"].rewind; ok("#{one} #{env['rack.input'].read(5)}") },
  "/endless" => ->(_) { [200, PLAIN.dup, Enumerator.new { |out| loop { out << "x" * 1000; sleep 0.005 } }] },
  "/memory" => ->(_) { hoard = []; loop { hoard << "x" * 10_000_000 } },
  "/big" => ->(_) { ok("y" * 5_000_000) },
  "/argv" => ->(_) { ok(ARGV.join(",")) },
  "/wait" => ->(_) { ok($gate.pop) },
  "/release" => ->(_) { $gate << "released"; ok("x") }
}.freeze

run(lambda do |env|
  next ok(env.map { |key, value| "#{key}=#{value.is_a?(String) ? value : value.class}" }.sort.join("\n")) if env["PATH_INFO"].start_with?("/environ")

  (ANSWERS[env["PATH_INFO"]] || ->(_) { [404, PLAIN.dup, ["no such path"]] }).call(env)
end)
