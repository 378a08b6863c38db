# What Rack's own tests ask of a handler, and Puma's of itself: each path is one application.

require "rack"

PLAIN = { "content-type" => "text/plain" }.freeze
$told = []

class Noted
  def initialize(parts, name)
    @parts = parts
    @name = name
  end

  def each(&block)
    @parts.each(&block)
  end

  def close
    $told << @name
  end
end

# A body that is called, and closed as well.
class NotedStream < Noted
  undef each

  def call(stream)
    @parts.each { |part| stream << part }
    stream.close
  end
end

OK = ->(text) { [200, PLAIN.dup, [text]] }
HIJACKED = lambda { |headers, *parts|
  headers.merge("rack.hijack" => lambda { |io|
    parts.each { |part| io.write(part) }
    io.close
  })
}

KEYS = %w[REQUEST_METHOD SCRIPT_NAME REQUEST_PATH PATH_INFO QUERY_STRING SERVER_NAME SERVER_PROTOCOL rack.url_scheme HTTP_X_TEST HTTP_AUTHORIZATION].freeze
ENVIRON = lambda { |env|
  posted = env["rack.input"].read
  lines = KEYS.map { |key| "#{key}=#{env[key]}" }.push("posted=#{posted}", "length=#{env['CONTENT_LENGTH']}")
  [env["QUERY_STRING"].include?("secret") ? 403 : 200, { "Content-Type" => "text/plain" }, [lines.join("\n")]]
}
LARGE = "ä0123456789" * 100

map("/environ") do
  use Rack::Lint
  run ENVIRON
end
map("/cookies") do
  run lambda { |_|
    response = Rack::Response.new
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    response.finish
  }
end
map("/lines") { run ->(_) { [401, { "WWW-Authenticate" => "Bar realm=X\nBaz realm=Y" }, []] } }
map("/array") { run ->(_) { [401, { "www-authenticate" => ["Bar realm=X", "Baz realm=Y"] }, []] } }
map("/hijacked") { run ->(_) { [200, HIJACKED.call(PLAIN, "one\r\n", "two\r\n"), ["not this"]] } }
map("/hijacked-length") { run ->(_) { [200, HIJACKED.call({ "Content-Length" => "5" }, "abc", "de"), nil] } }
map("/hijacked-noted") { run ->(_) { [200, HIJACKED.call(PLAIN, "hijacked"), NotedStream.new(["not this"], "header")] } }
map("/stream-noted") { run ->(_) { [200, PLAIN.dup, NotedStream.new(%w[a b], "stream")] } }
map("/body-noted") { run ->(_) { [200, PLAIN.dup, Noted.new(%w[a b], "body")] } }
map("/proxy") { run ->(_) { [200, PLAIN.dup, Rack::BodyProxy.new(%w[0123456789 0123456789]) { $told << "proxy" }] } }
map("/switch") { run ->(_) { [101, { "connection" => "upgrade", "upgrade" => "text" }, ->(io) { io.write("hello"); io.close }] } }
map("/version") { run ->(env) { OK.call(env["HTTP_VERSION"]) } }
map("/large") { run ->(_) { OK.call(LARGE) } }
map("/enumerator") { run ->(_) { [200, PLAIN.dup, Array.new(10, LARGE).to_enum] } }
map("/chunked") do
  use Rack::Chunked if defined?(Rack::Chunked)
  run ->(_) { [200, PLAIN.dup, Array.new(10, LARGE)] }
end
map("/after") do
  run lambda { |env|
    [-> { $told << "first" }, -> { raise "on purpose" }, -> { $told << "last" }].each { |each| env["rack.after_reply"] << each }
    OK.call("after")
  }
end
map("/finished") do
  run lambda { |env|
    env["rack.response_finished"] << ->(given, status, headers, error) { $told << [given.equal?(env), status, headers.class, error].inspect }
    env["rack.response_finished"] << ->(*) { raise "on purpose" }
    env["rack.response_finished"] << ->(*) { $told << "last" }
    OK.call("finished")
  }
end
map("/finished-badly") do
  run lambda { |env|
    env["rack.response_finished"] << ->(given, _, _, error) { $told << "#{given.equal?(env)} #{error.message}" }
    raise "it failed"
  }
end
map("/told") { run ->(_) { OK.call($told.slice!(0..-1).join(",")) } }
run ->(env) { env["REQUEST_METHOD"] == "OPTIONS" ? [200, { "allow" => "GET, OPTIONS" }, ["path #{env['PATH_INFO'].inspect}"]] : [404, PLAIN.dup, []] }
