require "uri"
require_relative "host"
require_relative "../tsgi/hijack"

class HijackTest < LaneTest
  METHODS = %i[read write read_nonblock write_nonblock flush close close_read close_write closed?].freeze
  UPGRADE = { "REQUEST_METHOD" => "GET", "HTTP_UPGRADE" => "chat" }.freeze

  def setup
    super
    @ours, @theirs = UNIXSocket.pair
    @ours.write(Wire.frame(Wire::TAKEN, 1, "".b, "".b, Wire::END_FLAG))
    @opened = 0
    @door = Hijack::Door.new(-> { @opened += 1; @theirs }, { lane: 0 })
  end

  def teardown
    [@ours, @theirs].each(&:close)
    super
  end

  # What the lane sends where the application gets a door.
  def told(application, environ: { "REQUEST_METHOD" => "GET" }, flags: 0, door: @door)
    host.request(environ, flags: flags)
    host.serve(application, door: door)
    host.frames
  end

  # What TSGI gets on the connection, behind HELLO.
  def said
    @theirs.close unless @theirs.closed?
    text = @ours.read
    hello = JSON.parse(text.byteslice(Wire::HEADER_BYTES, text.unpack1("V")))
    [hello, text.byteslice(Wire::HEADER_BYTES + text.unpack1("V")..-1)]
  end

  def test_an_application_gets_a_socket_and_what_it_returns_does_not_count
    got = closed = nil
    body = Class.new { define_method(:close) { closed = true } }.new
    frames = told(lambda do |env|
      got = [env["rack.hijack"].call, env["rack.hijack"].call, env["rack.hijack_io"], env["rack.hijack?"]]
      got[0].write("HTTP/1.1 200 OK\r\n\r\nhello")
      [-1, {}, body]
    end)
    assert_equal([[Wire::CHUNK, 1, Wire::END_FLAG]], frames.map { |frame| [frame.type, frame.id, frame.flags] })
    assert_equal([got[0], got[0], true], got[1..-1])
    assert_empty(METHODS.reject { |name| got[0].respond_to?(name) })
    assert_equal([{ "lane" => 0, "request" => 1 }, "HTTP/1.1 200 OK\r\n\r\nhello"], said)
    assert_equal([1, true], [@opened, closed])
  end

  def test_rack_2_finds_it_in_order
    require "rack"
    require "rack/lint"
    application = lambda do |env|
      env["rack.hijack"].call.write("HTTP/1.1 204 No Content\r\n\r\n")
      [200, { "content-type" => "text/plain" }, []]
    end
    environ = { "REQUEST_METHOD" => "GET", "SERVER_NAME" => "localhost", "SERVER_PORT" => "80", "SERVER_PROTOCOL" => "HTTP/1.1", "QUERY_STRING" => "", "PATH_INFO" => "/", "SCRIPT_NAME" => "" }
    frames = told(Rack::Lint.new(application), environ: environ)
    assert_equal([[Wire::CHUNK, ""]], frames.map { |frame| [frame.type, frame.head] })
  end

  # Keys and flags of requests, and whether the connection can be taken over.
  OFFERS = [[{ "REQUEST_METHOD" => "GET" }, 0, true], [UPGRADE, 0, false], [UPGRADE, Wire::HAS_UPGRADE, true]].freeze

  def test_it_is_offered_unless_the_client_asks_for_what_it_cannot_have
    OFFERS.each do |environ, flags, offered|
      told(->(env) { assert_equal([offered, offered], [env["rack.hijack?"], env.key?("rack.hijack")]); [200, {}, []] }, environ: environ, flags: flags)
    end
    told(->(env) { assert_equal([false, false], [env["rack.hijack?"], env.key?("rack.hijack")]); [200, {}, []] }, door: nil)
  end

  # Responses whose rest is a conversation, and what their head becomes.
  SPEAK = ->(io) { io.write("hello"); io.close }
  CONVERSATIONS = {
    [200, { "x-a" => "1\n2", "rack.hijack" => SPEAK }, ["not this"]] => "HTTP/1.1 200 OK\r\nx-a: 1\r\nx-a: 2\r\nConnection: close\r\n\r\nhello",
    [200, { "Transfer-Encoding" => "chunked", "rack.hijack" => SPEAK }, nil] => "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    [101, { "Connection" => "upgrade", "Upgrade" => "chat", "x-a" => "" }, SPEAK] => "HTTP/1.1 101 Switching Protocols\r\nx-a: \r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello",
    [101, { "upgrade" => "chat", "rack.hijack" => SPEAK }, []] => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello"
  }.freeze

  def test_a_conversation_begins_behind_the_head
    CONVERSATIONS.each do |response, wanted|
      assert_equal([Wire::CHUNK], told(->(_) { response }, environ: UPGRADE, flags: Wire::HAS_UPGRADE).map(&:type))
      assert_equal(wanted, said[1])
      teardown
      setup
    end
  end

  def test_a_head_cannot_say_more_than_its_headers
    [{ "x-a" => ["1\r\nx-b: 2"] }, { "x-a\r\nx-b" => "1" }, { "upgrade" => "chat\r\nx-b: 2" }].each do |headers|
      (frame,) = told(->(_) { [101, headers, SPEAK] }, environ: UPGRADE, flags: Wire::HAS_UPGRADE)
      assert_equal([Wire::FAIL, "A header holds a line end (ArgumentError)"], [frame.type, frame.head], headers.inspect)
    end
    assert_equal(0, @opened)
  end

  def test_an_exception_behind_it_closes_the_connection_and_is_reported
    (frame,) = told(->(env) { env["rack.hijack"].call; raise "on purpose" })
    assert_equal([Wire::FAIL, "on purpose (RuntimeError)", true], [frame.type, frame.head, @theirs.closed?])
  end

  def test_a_client_that_has_left_is_no_fault
    (frame,) = told(->(env) { env["rack.hijack"].call; @ours.close; loop { @theirs.write("x") } })
    assert_equal([Wire::FAIL, Wire::GONE | Wire::END_FLAG, ""], [frame.type, frame.flags, frame.head])
  end

  def test_tsgi_may_refuse
    ours, theirs = UNIXSocket.pair
    ours.close
    (frame,) = told(->(env) { env["rack.hijack"].call }, door: Hijack::Door.new(-> { theirs }, {}))
    assert_equal([Wire::FAIL, Wire::GONE | Wire::END_FLAG], [frame.type, frame.flags])
    assert_predicate(theirs, :closed?)
  end

  def test_it_comes_too_late_behind_a_response_and_behind_its_request
    kept = nil
    told(->(env) { kept = env["rack.hijack"]; [200, {}, ["x"]] })
    assert_raises(IOError) { kept.call }
    frames = told(->(env) { [200, {}, ->(stream) { stream.write("x"); env["rack.hijack"].call }] })
    assert_equal([Wire::RESPONSE, Wire::CHUNK, Wire::FAIL], frames.map(&:type))
    assert_equal(0, @opened)
  end

  def test_what_was_kept_back_leaves_before
    host.request(id: 1)
    host.request(id: 2)
    seen = nil
    host.serve(->(env) { seen = host.frames.map(&:id) if env["rack.hijack"].then { |hijack| host.lane.current == 2 && hijack.call }; [200, {}, ["x"]] }, 2, door: @door)
    assert_equal([1], seen)
  end
end
