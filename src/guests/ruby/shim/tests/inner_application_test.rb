require_relative "host"
require_relative "../tsgi/inner_application"
require "rack"

class InnerApplicationTest < LaneTest
  INNER = TSGI::InnerApplication.new

  # What a filter that does nothing makes of these frames from TSGI. They are sent when it has been called, for its call.
  def filtered(*said, body: "", filter: ->(env) { INNER.call(env) }, environ: { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/" })
    answered(lambda do |env|
      number = Thread.current.thread_variable_get(:tsgi_calls).to_i % 65_535 + 1
      said.each { |type, head, text, flags| host.say(type, head, text, flags: flags.to_i, aux: number) }
      filter.call(env)
    end, environ, body)
  end

  def test_a_whole_answer_passes
    call, answer = filtered([Wire::ANSWER, "404 Not Found\0x-a\0001", "none", Wire::END_FLAG])
    assert_equal([Wire::CALL, Wire::RESPONSE], [call.type, answer.type])
    assert_equal([["404 Not Found", "x-a", "1"], "none"], answer.answer)
  end

  def test_the_call_carries_the_environ_as_wsgi_has_it
    filter = lambda do |env|
      INNER.call(env.merge("PATH_INFO" => "/caf%C3%A9%2F", "user.id" => 7, "user.roles" => ["\u20ac", nil], "of.ruby" => Object.new, "gone" => nil))
    end
    (call,) = filtered([Wire::ANSWER, "200 OK", "", Wire::END_FLAG], filter: filter)
    words = call.body.split("\0", -1)
    environ = words[0..-2].each_slice(2).to_h
    assert_equal(environ.size, call.head.unpack1("V"))
    assert_equal(["/caf\u00e9/".b, "http"], environ.values_at("PATH_INFO", "wsgi.url_scheme"))
    assert_equal({ "user.id" => 7, "user.roles" => ["\u20ac", nil] }, JSON.parse(environ["tsgi.json"]))
    assert(environ["tsgi.json"].ascii_only?)
    assert_empty(environ.keys.grep(/\A(rack|of|gone)/))
    assert_equal(Wire::HAS_JSON, call.flags)
  end

  def test_a_value_with_a_nul_travels_as_json
    (call,) = filtered([Wire::ANSWER, "200 OK", "", Wire::END_FLAG], filter: ->(env) { INNER.call(env.merge("x.nul" => "a\0b")) })
    assert_includes(call.body, '{"x.nul":"a\u0000b"}')
  end

  def test_a_body_is_pulled_piece_by_piece
    frames = filtered([Wire::ANSWER, "200 OK", "a"], [Wire::PIECE, "", "b"], [Wire::PIECE, "", "", Wire::END_FLAG])
    assert_equal([Wire::CALL, Wire::RESPONSE, Wire::PULL, Wire::CHUNK, Wire::PULL, Wire::CHUNK], frames.map(&:type))
    assert_equal("ab", frames.select { |frame| [Wire::RESPONSE, Wire::CHUNK].include?(frame.type) }.map(&:body).join)
  end

  def test_a_body_that_the_filter_does_not_want_is_dropped
    filter = lambda do |env|
      INNER.call(env)[2].close
      [200, {}, ["own"]]
    end
    assert_equal([Wire::CALL, Wire::DROP, Wire::RESPONSE], filtered([Wire::ANSWER, "200 OK", "a"], filter: filter).map(&:type))
  end

  def test_the_application_reads_what_the_filter_gives_it
    ask = [Wire::ASK, "", [4].pack("V")]
    frames = filtered(ask, ask, ask, [Wire::ANSWER, "200 OK", "", Wire::END_FLAG], body: "abcdef")
    assert_equal([["abcd", false], ["ef", false], ["", true]], frames.select { |frame| frame.type == Wire::GIVE }.map { |frame| [frame.body, frame.end?] })
  end

  def test_a_failure_of_the_application_is_one_of_the_filters
    frames = filtered([Wire::FAILED, "", "on purpose, tr\u00e4ge"])
    assert_equal([Wire::CALL, Wire::FAIL], frames.map(&:type))
    assert_match("The application behind the filter failed: on purpose, tr\u00e4ge".b, frames.last.head)
  end

  def test_a_header_that_comes_twice_is_what_the_version_of_rack_wants
    frames = filtered([Wire::ANSWER, "200 OK\0Set-Cookie\0a\0set-cookie\0b", "", Wire::END_FLAG])
    assert_equal(%w[set-cookie a set-cookie b], frames.last.head.split("\0")[1..-1].map(&:downcase))
  end

  def test_it_belongs_to_the_thread_and_the_time_of_a_request
    assert_raises(RuntimeError) { INNER.call({}) }
    assert_raises(RuntimeError) { Thread.new { Thread.current.report_on_exception = false; INNER.call({}) }.value }
  end

  def test_a_filter_may_call_it_from_another_fiber_of_the_thread
    filter = ->(env) { Fiber.new { INNER.call(env) }.resume }
    call, answer = filtered([Wire::ANSWER, "200 OK", "whole", Wire::END_FLAG], filter: filter)
    assert_equal([Wire::CALL, "whole"], [call.type, answer.body])
  end

  def test_a_filter_may_take_the_pieces_of_its_body_one_by_one
    filter = lambda do |env|
      status, headers, body = INNER.call(env)
      pieces = body.to_enum
      [status, headers, [pieces.next + pieces.next]]
    end
    assert_equal("ab", filtered([Wire::ANSWER, "200 OK", "a"], [Wire::PIECE, "", "b"], filter: filter).last.body)
  end

  def test_what_does_not_fit_into_a_frame_is_refused
    filter = ->(env) { INNER.call(env.merge("x.long" => "x" * Wire::MAX_FRAME_BYTES)) }
    assert_match("expected at most 16777216", filtered(filter: filter).last.head)
  end
end
