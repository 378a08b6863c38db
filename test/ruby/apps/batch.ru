# Notes each request in a file, and then does what its path says.

PLAIN = { "content-type" => "text/plain" }.freeze

def ok(text)
  [200, PLAIN.dup, [text]]
end

def released
  sleep 0.01 until File.exist?(ENV["RELEASE"])
end

ANSWERS = {
  "/hello" => ->(env) { ok(env["QUERY_STRING"]) },
  "/die" => ->(_) { Process.kill("KILL", Process.pid); sleep 10 },
  "/stop" => ->(_) { Process.kill("STOP", Process.pid); sleep 0.5; ok("went on") },
  "/wait" => ->(_) { released; ok("released") },
  "/stream" => ->(_) { [200, PLAIN.dup, ->(stream) { stream << "begun "; released; stream << "released"; stream.close }] },
  "/half" => ->(_) { [200, PLAIN.dup, ->(stream) { stream << "half"; Process.kill("KILL", Process.pid); sleep 10 }] },
  "/errors" => ->(env) { env["rack.errors"].puts("noted #{env['QUERY_STRING']}"); ok(env["QUERY_STRING"]) },
  "/raise" => ->(_) { raise "on purpose" },
  "/busy" => ->(_) { loop { break if File.exist?(ENV["RELEASE"]) }; ok("released") },
  "/fork" => ->(_) { (pid = fork) ? (Process.wait(pid); ok("parent")) : ok("child") }
}.freeze

run(lambda do |env|
  File.open(ENV["NOTES"], File::WRONLY | File::APPEND | File::CREAT) { |file| file.syswrite("#{env['QUERY_STRING']}\n") }
  ANSWERS.fetch(env["PATH_INFO"]).call(env)
end)
