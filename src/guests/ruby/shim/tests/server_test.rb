require_relative "host"

class ServerTest < LaneTest
  def test_an_exception_is_one_line_and_a_report
    (frame,) = answered(->(_) { raise ArgumentError, "of the tr\u00e4ge path\nand more" })
    assert_equal([Wire::FAIL, Wire::END_FLAG, "of the tr\u00e4ge path (ArgumentError)"], [frame.type, frame.flags, frame.head.force_encoding("UTF-8")])
    assert_match(/and more.*server_test\.rb:\d+/m, frame.body)
  end

  # What an application raises, and whether its process is to be replaced.
  RAISED = { SystemExit => true, NoMemoryError => true, SignalException => true, StandardError => false, NotImplementedError => false }.freeze

  def test_only_what_was_to_end_the_process_replaces_it
    RAISED.each do |kind, retires|
      error = kind == SignalException ? kind.new("INT") : kind.new
      (frame,) = answered(->(_) { raise error })
      assert_equal([Wire::FAIL, retires], [frame.type, frame.flags & Wire::RETIRE != 0], kind.name)
    end
  end

  def test_a_thread_that_ends_itself_answers_and_its_process_is_replaced
    [->(_) { Thread.current.kill }, ->(_) { [200, {}, ->(_) { Thread.exit }] }].each do |application|
      host.request
      finished = 0
      Thread.new { host.serve(->(env) { env["rack.response_finished"] << ->(*) { finished += 1 }; application.call(env) }) }.join
      frame = host.frames.last
      assert_equal([Wire::FAIL, Wire::RETIRE | Wire::END_FLAG, 1], [frame.type, frame.flags, finished])
    end
  end

  def test_an_exception_that_cannot_be_written_is_named
    [RuntimeError, NotImplementedError].each do |again|
      kind = Class.new(StandardError) { define_method(:message) { raise again } }
      (frame,) = answered(->(_) { raise kind })
      assert_equal(Wire::FAIL, frame.type)
      assert_match(/\A#<Class:/, frame.head)
    end
  end

  def test_a_report_has_a_limit_and_is_utf_8
    # More than TSGI takes as a head.
    (frame,) = answered(->(_) { raise "\xff".b * 1_100_000 })
    assert([frame.head, frame.body].all? { |text| text.dup.force_encoding("UTF-8").valid_encoding? })
    assert_operator(frame.head.bytesize, :<, 10_000)
    assert_operator(frame.body.bytesize, :<, 100_000)
  end

  def test_what_is_no_response_is_refused
    [nil, 42, [200], [200, {}], [200, {}, [], 1], "200"].each { |value| assert_match("expected an array of status, headers and body", failure(->(_) { value }), value.inspect) }
  end

  def test_a_response_may_be_anything_with_to_ary
    response = Object.new
    def response.to_ary
      [200, {}, ["x"]]
    end
    assert_equal("x", answered(->(_) { response })[0].body)
  end

  def test_functions_for_the_end_are_called_last_first_with_what_happened
    told = []
    answered(lambda do |env|
      env["rack.response_finished"] << ->(*facts) { told << [:first, *facts[1..-1]] }
      env["rack.response_finished"] << ->(*) { raise "in between" }
      env["rack.response_finished"] << ->(given, *) { told << [:last, given.equal?(env)] }
      env["rack.after_reply"] << -> { told << :reply }
      [201, { "x-a" => "1" }, ["x"]]
    end)
    assert_equal([[:last, true], [:first, 201, { "x-a" => "1" }, nil], :reply], told)
  end

  def test_they_are_called_when_the_application_fails_and_when_the_client_leaves
    [->(_) { raise "on purpose" }, ->(_) { [200, {}, ->(_) { raise TSGI::ClientGone }] }].each do |application|
      told = []
      answered(lambda do |env|
        env["rack.response_finished"] << ->(_, status, _, error) { told << [status, error.class] }
        application.call(env)
      end)
      assert_equal(1, told.size)
      assert_includes([[nil, RuntimeError], [200, ClientGone]], told[0])
    end
  end

  def test_a_close_that_fails_is_in_the_log_and_harms_nobody
    body = Class.new { def each; yield "x"; end; def close; raise "on purpose"; end }.new
    frames = answered(->(_) { [200, {}, body] })
    assert_equal([Wire::RESPONSE, Wire::CHUNK, Wire::LOG], frames.map(&:type))
    assert_match(/The body's close failed: .*on purpose/, frames.last.body)
    assert_equal("y", answered(->(_) { [200, {}, ["y"]] })[0].body)
  end

  def test_the_file_of_a_body_is_closed
    input = nil
    host.request({ "A" => "1" }, __FILE__, flags: Wire::BODY_FILE)
    host.serve(->(env) { input = env["rack.input"]; [200, {}, [input.gets]] })
    assert_predicate(input, :closed?)
  end

  def test_it_is_closed_where_a_middleware_has_put_another_in_its_place
    input = nil
    host.request({ "A" => "1" }, __FILE__, flags: Wire::BODY_FILE)
    host.serve(->(env) { input = env["rack.input"]; env["rack.input"] = StringIO.new; [200, {}, []] })
    assert_predicate(input, :closed?)
  end

  def test_what_a_rewindable_input_has_kept_in_a_file_goes_with_its_request
    require "rack"
    require "rack/rewindable_input"
    closed = 0
    input = nil
    answered(lambda do |env|
      input = env["rack.input"]
      input.define_singleton_method(:close) { closed += 1; super() }
      [200, {}, ["x"]]
    end, flags: Wire::BODY_STREAM)
    assert_equal(Rack.release.to_i < 3, input.is_a?(Rack::RewindableInput))
    assert_equal(1, closed)
  end

  def test_an_environ_that_cannot_be_made_is_a_failure_of_its_request_only
    host.say(Wire::REQUEST, "A\0001\0B\0002\0", aux: 1)
    host.serve(->(_) { flunk("It was called") })
    (frame,) = host.frames
    assert_equal([Wire::FAIL, "A value of the environ holds a NUL (ArgumentError)"], [frame.type, frame.head])
  end
end
