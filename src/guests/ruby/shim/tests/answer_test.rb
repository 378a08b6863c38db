require_relative "host"

class HeadTest < LaneTest
  def head(headers, status: 200)
    frames = answered(->(_) { [status, headers, ["x"]] })
    assert_equal([Wire::RESPONSE], frames.map(&:type))
    frames[0].head.split("\0", -1)
  end

  def test_status_and_headers_are_one_text
    assert_equal(["201 Created", "Content-Type", "text/plain", "x-empty", ""], head({ "Content-Type" => "text/plain", "x-empty" => "" }, status: 201))
  end

  def test_several_values_are_an_array_for_rack_3_and_lines_for_rack_2
    expected = ["200 OK", "set-cookie", "a=1", "set-cookie", "b=2"]
    assert_equal(expected, head({ "set-cookie" => %w[a=1 b=2] }))
    assert_equal(expected, head({ "set-cookie" => "a=1\nb=2" }))
    assert_equal(expected, head({ "set-cookie" => "a=1\nb=2\n" }), "a line end behind the last is no value")
    assert_equal(["200 OK"], head({ "set-cookie" => [] }))
  end

  def test_the_same_length_in_two_spellings_is_sent_once
    assert_equal(["200 OK", "Content-Length", "1", "x-a", "2"], head({ "Content-Length" => "1", "content-length" => "1", "x-a" => "2" }))
    assert_equal(%w[1 2], head({ "Content-Length" => "1", "content-length" => "2" }).values_at(2, 4), "for TSGI to refuse")
    assert_equal(["200 OK", "content-length", "1"], head({ "content-length" => %w[1 1] }))
  end

  def test_a_line_end_inside_of_an_element_is_sent_for_tsgi_to_refuse
    assert_equal("a\r\nx-b: c", head({ "x-a" => ["a\r\nx-b: c"] })[2])
  end

  def test_what_belongs_to_the_connection_or_the_server_is_not_sent
    headers = { "Connection" => "close", "keep-alive" => "1", "Upgrade" => "h2c", "TE" => "x", "trailer" => "x", "rack.hijack" => 1, "x-a" => "1" }
    assert_equal(["200 OK", "x-a", "1"], head(headers))
  end

  def test_names_and_values_of_other_classes_are_written_as_text
    assert_equal(["200 OK", "x-a", "1", "x-b", "", "x-c", "true"], head({ :"x-a" => 1, "x-b" => nil, "x-c" => true }))
  end

  def test_text_leaves_as_its_bytes
    assert_equal(["200 OK", "x-a".b, "\u20ac".b], head({ "x-a" => "\u20ac" }))
  end

  def test_a_nul_never_becomes_another_header
    assert_match("A header holds a NUL", failure(->(_) { [200, { "x-a" => "1\0x-b\0002" }, ["x"]] }))
    assert_match("A header holds a NUL", failure(->(_) { [200, { "x\0-a" => "1" }, ["x"]] }))
  end

  def test_a_head_has_a_limit
    assert_match("expected at most 1048576", failure(->(_) { [200, { "x-a" => "a" * 1_100_000 }, ["x"]] }))
  end

  def test_the_status_is_a_number_of_three_digits
    assert_equal(["299 Unknown"], head({}, status: 299))
    assert_equal(["404 Not Found"], head({}, status: "404"))
    [99, 600, "x", nil, 20.5].each { |status| assert_match(/status|Integer/, failure(->(_) { [status, {}, ["x"]] }), status.inspect) }
  end

  def test_the_header_status_of_cgi_is_refused
    assert_match('The header "Status" is for CGI', failure(->(_) { [200, { "Status" => "404 Not Found" }, ["x"]] }))
  end

  def test_names_of_headers_that_an_attacker_makes_up_fill_no_memory
    headers = (1..3000).to_h { |number| ["x-#{number}", "1"] }
    head(headers)
    assert_operator(Answer::KINDS.size, :<=, Answer::MOST_KINDS)
  end
end

class BodyTest < LaneTest
  # A body with a list of parts that counts how often it is closed.
  Parts = Struct.new(:parts, :closed) do
    def each
      parts.each { |part| yield part.respond_to?(:call) ? part.call : part }
    end

    def close
      self.closed = closed.to_i + 1
    end
  end

  def frames(body, headers = {}, **options)
    answered(->(_) { [options.fetch(:status, 200), headers, body] })
  end

  def told(frames)
    frames.map { |frame| [frame.type, frame.body, frame.end?] }
  end

  def test_a_list_leaves_whole
    assert_equal([[Wire::RESPONSE, "abc", true]], told(frames(%w[a b c])))
    assert_equal([[Wire::RESPONSE, "", true]], told(frames([])))
  end

  def test_a_stream_leaves_part_by_part_before_the_next_is_asked_for
    seen = []
    body = Parts.new([-> { "a" }, "", -> { seen.concat(host.frames); "b" }])
    rest = frames(body)
    assert_equal([[Wire::RESPONSE, "a", false]], told(seen))
    assert_equal([[Wire::CHUNK, "b", false], [Wire::CHUNK, "", true]], told(rest))
    assert_equal(1, body.closed)
  end

  def test_a_stream_may_have_a_to_ary_that_is_nil
    body = Parts.new(%w[a b])
    def body.to_ary
      nil
    end
    assert_equal("ab", frames(body).map(&:body).join)
  end

  def test_a_stream_of_nothing_is_a_whole_answer
    assert_equal([[Wire::RESPONSE, "", true]], told(frames(Parts.new(["", ""]))))
  end

  def test_a_body_that_fails_is_closed_once_and_breaks_the_answer_off
    body = Parts.new(["a", -> { raise "on purpose" }])
    assert_equal([Wire::RESPONSE, Wire::FAIL], frames(body).map(&:type))
    assert_equal(1, body.closed)
  end

  def test_parts_that_are_no_strings_are_refused
    assert_match("a part of the class Integer", failure(->(_) { [200, {}, [1]] }))
    assert_match("a part of the class NilClass", failure(->(_) { [200, {}, ["a", nil]] }))
    assert_match("expected one with each or call", failure(->(_) { [200, {}, 1] }))
  end

  def test_text_in_any_encoding_leaves_as_its_bytes
    assert_equal("\u20ac\xff".b, frames(["\u20ac", "\xff".b])[0].body)
    assert_equal("a\0".b, frames(["a".encode("UTF-16LE")])[0].body)
  end

  def test_what_the_application_has_chunked_is_taken_out_of_its_chunks_however_it_is_split
    text = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    (0..text.bytesize).each do |cut|
      frames = frames(Parts.new([text[0, cut], text[cut..-1]]), { "Transfer-Encoding" => "chunked" })
      assert_equal(["200 OK", "abcde"], [frames[0].head, frames.map(&:body).join], "cut at #{cut}")
      assert(frames.last.end?)
    end
  end

  def test_a_body_that_can_be_called_writes_when_it_likes
    body = lambda do |stream|
      stream << "a" << ""
      stream.write("b", :c)
      stream.close
    end
    pieces = %w[a b c].map { |data| [Wire::CHUNK, data, false] }
    assert_equal([[Wire::RESPONSE, "", false], *pieces, [Wire::CHUNK, "", true]], told(frames(body)))
  end

  def test_so_does_what_hijacks_the_request_behind_its_headers
    stream = lambda do |io|
      io.write("a")
      io.close
    end
    expected = [[Wire::RESPONSE, "", false], [Wire::CHUNK, "a", false], [Wire::CHUNK, "", true]]
    assert_equal(expected, told(frames(["not this"], { "rack.hijack" => stream })))
  end

  def test_a_stream_reads_the_body_of_the_request
    frames = answered(->(_) { [200, {}, ->(stream) { stream.syswrite(stream.read(3), stream.read); stream.close }] }, {}, "request")
    assert_equal("request", frames.map(&:body).join)
  end

  def test_such_a_body_may_go_on_in_another_thread
    body = ->(stream) { Thread.new { stream.write("a"); stream.close } }
    assert_equal("a", frames(body).map(&:body).join)
  end

  def test_a_stream_that_is_closed_takes_no_more
    error = nil
    frames(lambda do |stream|
      stream.close
      error = assert_raises(IOError) { stream.write("late") }
    end)
    assert_equal("closed stream", error.message)
  end

  def test_a_stream_that_is_written_to_after_its_request_harms_no_other
    kept = nil
    frames(lambda do |stream|
      kept = stream
      raise "on purpose"
    end)
    host.request(id: 2)
    host.lane.next_request(host.keys)
    assert_raises(IOError) { kept.write("late") }
    assert_equal([], host.frames)
  end

  def test_a_stream_stops_when_the_client_has_left
    body = Parts.new(["a", -> { host.write_word(Host::ABORTED, 1); "b" }, "c"])
    frames = frames(body)
    assert_equal([Wire::RESPONSE, Wire::FAIL], frames.map(&:type))
    assert_equal(Wire::GONE | Wire::END_FLAG, frames.last.flags)
    assert_equal(1, body.closed)
  end
end

class FileBodyTest < LaneTest
  FileBody = Struct.new(:to_path) do
    def each
      yield "read"
    end
  end

  # Answers with a file; TSGI takes it or not.
  def frames(body, taken:, headers: {})
    answered(lambda do |_|
      host.say(Wire::TAKEN, flags: taken ? Wire::END_FLAG : 0)
      [200, headers, body]
    end)
  end

  def test_a_file_is_offered_by_path_size_device_and_inode
    offer, finish = frames(FileBody.new(__FILE__), taken: true)
    status = File.stat(__FILE__)
    assert_equal([Wire::FILE, 200, [0, status.size, status.dev, status.ino]], [offer.type, offer.aux, offer.body.unpack("Q<4")])
    assert_equal(File.expand_path(__FILE__), offer.body[32..-1])
    assert_equal([Wire::CHUNK, "", true], [finish.type, finish.body, finish.end?])
  end

  def test_a_file_that_is_not_taken_is_read
    assert_equal([Wire::FILE, Wire::RESPONSE, Wire::CHUNK], frames(FileBody.new(__FILE__), taken: false).map(&:type))
  end

  def test_what_is_no_regular_file_or_of_another_length_is_read
    [["/dev/null", {}], ["/not/there", {}], [__FILE__, { "content-length" => "4" }]].each do |path, headers|
      assert_equal("read", frames(FileBody.new(path), taken: true, headers: headers)[0].body, path)
    end
  end
end

class HintsTest < LaneTest
  def hinted(headers, flags: Wire::HAS_HINTS)
    host.request({ "PATH_INFO" => "/" }, flags: flags)
    host.serve(->(env) { env["rack.early_hints"].call(headers); [200, {}, ["x"]] })
    host.frames
  end

  def test_hints_leave_before_the_answer_one_value_a_line
    frames = hinted({ "link" => "</a>\n</b>", "x-a" => %w[1 2] })
    assert_equal([Wire::HINTS, Wire::RESPONSE], frames.map(&:type))
    assert_equal(%w[link </a> link </b> x-a 1 x-a 2], frames[0].body.split("\0"))
  end

  def test_hints_that_no_header_may_be_fail
    ["a\r\nb", "a\0b", "a\x7f"].each { |value| assert_equal([Wire::FAIL], hinted({ "link" => value }).map(&:type), value.inspect) }
  end

  def test_hints_of_nothing_are_no_frame
    assert_equal([Wire::RESPONSE], hinted({}).map(&:type))
  end

  def test_a_client_that_takes_none_is_not_offered_any
    answered(->(env) { refute_includes(env, "rack.early_hints"); [200, {}, []] })
  end
end
