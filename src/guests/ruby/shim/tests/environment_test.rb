require_relative "host"

class EnvironmentTest < LaneTest
  # The environment of a request.
  def env(environ, body = "", flags: 0, known: environ.size)
    host.keys.of(Host.text(environ), body.b, flags, known)
  end

  def test_it_has_what_rack_wants_beside_what_tsgi_sends
    env = env({ "REQUEST_METHOD" => "GET", "wsgi.url_scheme" => "https", "SERVER_PROTOCOL" => "HTTP/1.1" })
    assert_equal(["GET", "https", "HTTP/1.1"], env.values_at("REQUEST_METHOD", "rack.url_scheme", "HTTP_VERSION"))
    assert_equal([false, true, false, false], env.values_at("rack.multithread", "rack.multiprocess", "rack.run_once", "rack.hijack?"))
    assert_empty(env.keys.grep(/\Awsgi\./))
    refute_predicate(env, :frozen?)
  end

  def test_lists_of_functions_are_new_for_each_request
    first, second = env({ "A" => "1" }), env({ "A" => "1" })
    refute_same(first["rack.response_finished"], second["rack.response_finished"])
    refute_same(first["rack.after_reply"], second["rack.after_reply"])
  end

  def test_values_are_filled_into_a_list_of_keys
    host.keys[3] = "A\0wsgi.url_scheme\0B".b
    env = host.keys.of("1\0https\0\0".b, "".b, Wire::KEYED, host.keys[3])
    assert_equal(["1", "https", ""], env.values_at("A", "rack.url_scheme", "B"))
    again = host.keys.of("2\0http\0x\0".b, "".b, Wire::KEYED, host.keys[3])
    assert_equal(["1", "2"], [env["A"], again["A"]])
  end

  def test_a_value_with_a_nul_never_becomes_a_key
    assert_raises(ArgumentError) { env({ "A" => "1\0REMOTE_USER\0root" }) }
    host.keys[0] = "A\0B".b
    assert_raises(ArgumentError) { host.keys.of("1\0x\0y\0".b, "".b, Wire::KEYED, host.keys[0]) }
    assert_raises(ArgumentError) { host.keys.of("1\0".b, "".b, Wire::KEYED, host.keys[0]) }
  end

  def test_values_of_other_types_come_as_json
    env = env({ "tsgi.json" => '{"user.roles":["admin",1],"tsgi.shared":{"x":["session",""]}}' }, flags: Wire::HAS_JSON)
    assert_equal(["admin", 1], env["user.roles"])
    assert_empty(env.keys.grep(/\Atsgi\./))
  end

  # script name and path as WSGI has them, target, and what Rack wants: both parts as they stood in the target.
  PATHS = [
    ["", "/a", "/a", "", "/a"],
    ["", "/a", "/a?b=c%20d", "", "/a"],
    ["", "/a b", "/a%20b", "", "/a%20b"],
    ["", "/a/b", "/a%2Fb", "", "/a%2Fb"],
    ["", "/%2f", "/%252f", "", "/%252f"],
    ["", "/caf\u00e9", "/caf%c3%a9", "", "/caf%c3%a9"],
    ["", "/\xff", "/%FF", "", "/%FF"],
    ["/app", "/a b", "/app/a%20b?x", "/app", "/a%20b"],
    ["/a b", "/c/d", "/a%20b/c%2Fd", "/a%20b", "/c%2Fd"],
    ["", "/a b", "http://host:1/a%20b?x", "", "/a%20b"],
    ["", "/a%", "/a%", "", "/a%"],
    ["", "/a%zz", "/a%zz", "", "/a%zz"],
    # A middleware has changed it, or there is no target.
    ["/app", "/new path", "/a%20b", "/app", "/new%20path"],
    ["", "/a?b", "/other", "", "/a%3Fb"],
    ["", "/caf\u00e9", "", "", "/caf%C3%A9"],
    ["", "*", "*", "", "*"],
    ["", "", "", "", ""]
  ].freeze

  def test_both_paths_are_encoded_as_the_client_sent_them
    PATHS.each do |script, path, target, *wanted|
      env = { "SCRIPT_NAME" => script.b, "PATH_INFO" => path.b, "REQUEST_URI" => target.b }
      Environment.encode_paths(env)
      assert_equal(wanted.map(&:b), env.values_at("SCRIPT_NAME", "PATH_INFO"), [script, path, target].inspect)
    end
  end

  def test_both_paths_together_are_a_key_of_their_own
    [["/a b", "/c%20d", "/a%20b/c%2520d?x"], ["", "/a", "/a"], ["/app", "/new path", "/"]].each do |script, path, target|
      env = { "SCRIPT_NAME" => script.dup, "PATH_INFO" => path.dup, "REQUEST_URI" => target }
      Environment.encode_paths(env)
      whole = env["SCRIPT_NAME"] + env["PATH_INFO"]
      env["PATH_INFO"] << "x"
      assert_equal(whole, env["REQUEST_PATH"])
    end
  end

  # The version of an application's Rack, and what becomes of OPTIONS * and of a header that is named Version.
  VERSIONS = { "2.2.22" => ["", "HTTP/1.1"], "3.0.9" => ["", "HTTP/1.1"], "3.1" => ["*", "mine"], "4.0.0" => ["*", "mine"] }.freeze

  def test_what_versions_of_rack_want_differently
    VERSIONS.each do |version, wanted|
      with_rack(version) do
        keys = Environment.new(host.lane, multithread: false, multiprocess: true)
        environ = { "SCRIPT_NAME" => "", "PATH_INFO" => "", "REQUEST_URI" => "*", "SERVER_PROTOCOL" => "HTTP/1.1", "HTTP_VERSION" => "mine" }
        env = keys.of(Host.text(environ), "".b, 0, environ.size)
        assert_equal(wanted, env.values_at("PATH_INFO", "HTTP_VERSION"), version)
      end
    end
  end

  # With another Rack than the one that is installed.
  def with_rack(version)
    there = Object.const_defined?(:Rack, false) ? Object.send(:remove_const, :Rack) : nil
    Object.const_set(:Rack, Module.new { define_singleton_method(:release) { version } })
    yield
  ensure
    Object.send(:remove_const, :Rack)
    Object.const_set(:Rack, there) if there
  end

  def test_every_byte_of_a_path_comes_back_from_its_encoding
    bytes = (1..255).map(&:chr).join.b
    encoded = Environment.encoded(bytes)
    assert_match(/\A[!-~]+\z/, encoded)
    assert_equal(bytes, Environment.decoded(encoded))
  end

  def test_a_body_can_be_read_again
    input = env({ "A" => "1" }, "one\ntwo")["rack.input"]
    assert_equal(["one\n", "two", nil], Array.new(3) { input.gets })
    input.rewind
    assert_equal("one\ntwo", input.read)
  end

  def test_a_body_in_a_file_is_read_in_binary
    Tempfile.create("body") do |file|
      file.binmode
      file.write("a\r\n\xff".b)
      file.flush
      input = env({ "A" => "1" }, file.path, flags: Wire::BODY_FILE)["rack.input"]
      assert_equal(["a\r\n\xff".b, Encoding::BINARY], [input.read, input.external_encoding])
      input.close
    end
  end
end
