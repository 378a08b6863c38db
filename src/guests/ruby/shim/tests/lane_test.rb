require_relative "host"

class ReceivingTest < LaneTest
  # Requests around frames for the one that is running, 7, and one for a request that is over.
  STREAM = [
    Wire.frame(Wire::KEYS, 0, "".b, "A\0B".b, 0, 3),
    Wire.frame(Wire::REQUEST, 1, "A\0001\0".b, "body".b, 4, 1),
    Wire.frame(Wire::BODY, 7, "".b, "piece".b),
    Wire.frame(Wire::BODY, 6, "".b, "of another".b),
    Wire.frame(Wire::REQUEST, 2, "x\0y\0".b, "".b, Wire::KEYED, 3),
    Wire.frame(Wire::BODY, 7, "".b, "".b, Wire::END_FLAG)
  ].join.freeze

  # Receives each piece by itself.
  def receive(*pieces)
    lane = host.lane
    lane.instance_variable_set(:@current, 7)
    pieces.reject(&:empty?).each do |piece|
      host.socket.write(piece)
      lane.send(:receive, host.keys)
    end
    check(lane)
  end

  def check(lane)
    requests = lane.instance_variable_get(:@pending)
    assert_equal([[1, "A\0001\0", "body", 4, 1], [2, "x\0y\0", "", Wire::KEYED]], requests.map { |request| request[0] == 2 ? request.first(4) : request })
    assert_equal(%w[A B], requests[1][4][0])
    assert_equal([[Wire::BODY, "", "piece", 0], [Wire::BODY, "", "", 1]], Array.new(2) { lane.wait_for(0, Wire::BODY) })
    requests.clear
  end

  def test_frames_may_be_split_at_every_byte
    (0..STREAM.bytesize).each { |cut| receive(STREAM.byteslice(0, cut), STREAM.byteslice(cut..-1)) }
  end

  def test_frames_may_come_byte_by_byte
    receive(*STREAM.each_char)
  end

  def test_frames_may_be_split_anyhow
    draw = Random.new(1)
    200.times do
      cuts = Array.new(draw.rand(6)) { draw.rand(STREAM.bytesize + 1) }.sort
      receive(*[0, *cuts].zip([*cuts, STREAM.bytesize]).map { |from, to| STREAM.byteslice(from, to - from) })
    end
  end

  def test_a_long_body_arrives_whole
    body = "0123456789".b * 100_000
    writer = Thread.new { host.request({ "A" => "1" }, body) }
    assert_equal(body, host.lane.next_request(host.keys)[2])
    writer.join
  end

  def test_a_frame_is_waited_for_by_its_type_and_number
    host.lane.instance_variable_set(:@current, 1)
    host.say(Wire::PIECE, "", "of call 2", aux: 2)
    host.say(Wire::BODY, "", "body")
    host.say(Wire::PIECE, "", "of call 1", aux: 1)
    assert_equal("of call 1", host.lane.wait_for(1, Wire::PIECE, Wire::ASK)[2])
    assert_equal("body", host.lane.wait_for(0, Wire::BODY)[2])
    assert_equal("of call 2", host.lane.wait_for(2, Wire::PIECE)[2])
  end

  def test_what_was_for_a_request_that_is_over_is_forgotten
    host.request
    host.lane.next_request(host.keys)
    host.say(Wire::BODY, "", "old")
    host.say(Wire::TAKEN)
    host.lane.wait_for(0, Wire::TAKEN)
    host.lane.finish
    host.request(id: 2)
    host.lane.next_request(host.keys)
    host.say(Wire::BODY, "", "new", id: 2)
    assert_equal("new", host.lane.wait_for(0, Wire::BODY)[2])
  end

  def test_the_end_of_the_socket_is_no_request
    host.socket.close
    assert_raises(LaneClosed) { host.lane.next_request(host.keys) }
    refute_operator(LaneClosed, :<, StandardError, "no application rescues it by accident")
  end

  def test_a_request_that_is_not_whole_at_the_end_is_none
    host.socket.write(STREAM.byteslice(0, 40))
    host.socket.close
    assert_raises(LaneClosed) { host.lane.next_request(host.keys) }
  end
end

class StartingTest < LaneTest
  def test_hello_says_what_the_lane_is
    host.lane.open("secret", 3, 2)
    (hello,) = host.frames
    facts = JSON.parse(hello.body)
    assert_equal([Wire::HELLO, 0, ""], [hello.type, hello.id, hello.head])
    assert_equal({ "protocol" => 1, "token" => "secret", "process" => 3, "lane" => 2, "watcher" => "host" }, facts.slice("protocol", "token", "process", "lane", "watcher"))
  end

  def test_a_request_is_marked_before_it_is_handed_out
    host.request(id: 5)
    assert_equal(0, host.word(Host::STARTED))
    assert_equal(5, host.lane.next_request(host.keys)[0])
    assert_equal([5, 5], [host.word(Host::STARTED), host.lane.current])
  end

  def test_what_is_recalled_is_given_back_and_not_started
    host.request(id: 1)
    host.lane.next_request(host.keys)
    host.lane.finish
    (2..5).each { |id| host.request(id: id) }
    host.write_word(Host::RECALLED, 4)
    assert_equal(5, host.lane.next_request(host.keys)[0])
    returned, free = host.frames
    assert_equal([Wire::RETURNED, 0, [2, 3, 4]], [returned.type, returned.id, returned.body.unpack("V*")])
    assert_equal(Wire::FREE, free.type)
  end

  def test_while_it_is_given_back_the_last_request_stays_the_last_started
    host.request(id: 1)
    host.lane.next_request(host.keys)
    host.lane.finish
    host.write_word(Host::RECALLED, 2)
    host.request(id: 2)
    host.socket.close_write
    assert_raises(LaneClosed) { host.lane.next_request(host.keys) }
    assert_equal(1, host.word(Host::STARTED))
  end

  def test_ids_begin_again_behind_the_largest
    host.write_word(Host::RECALLED, 0xffff_fffe)
    host.request(id: 0xffff_ffff)
    host.request(id: 1)
    assert_equal([0xffff_ffff, 1], Array.new(2) { host.lane.next_request(host.keys)[0] })
    host.lane.finish
    host.write_word(Host::RECALLED, 1)
    host.request(id: 1)
    host.request(id: 2)
    assert_equal(2, host.lane.next_request(host.keys)[0])
  end
end

class SendingTest < LaneTest
  def start(*ids)
    ids.each { |id| host.request(id: id) }
    host.lane.next_request(host.keys)
  end

  def answer(text)
    host.lane.send_answer("200 OK".b, text.b, 200)
    host.lane.finish
  end

  def test_the_last_answer_leaves_at_once
    start(1)
    answer("one")
    (frame,) = host.frames
    assert_equal([Wire::RESPONSE, 1, "200 OK", "one", true, 200], [frame.type, frame.id, frame.head, frame.body, frame.end?, frame.aux])
    assert_includes(1..15, frame.flags >> 4)
  end

  def test_an_answer_before_others_is_kept_where_tsgi_finds_it
    start(1, 2, 3)
    # The patience of a busy machine.
    host.lane.instance_variable_set(:@sent_at, Float::INFINITY)
    answer("one")
    assert_equal([], host.frames)
    assert_equal("one", host.kept[-3..-1])
    host.lane.next_request(host.keys)
    answer("two")
    host.lane.next_request(host.keys)
    answer("three")
    assert_equal(%w[one two three], host.frames.map(&:body))
    assert_equal("", host.kept)
  end

  def test_an_answer_that_took_long_is_not_kept
    start(1, 2)
    host.lane.instance_variable_set(:@sent_at, 0)
    answer("one")
    assert_equal(["one"], host.frames.map(&:body))
  end

  # Answers the first of requests that take so many microseconds each, of which so many have been kept already.
  def answer_slowly(each, kept, *ids)
    start(*ids)
    now = host.lane.send(:now)
    host.lane.define_singleton_method(:now) { now }
    host.lane.instance_variable_set(:@marked_at, now - each)
    host.lane.instance_variable_set(:@sent_at, now - (kept + 1) * each)
    answer("one")
    host.frames.size
  end

  # Sends what was kept, and ends the request and so many of those behind it.
  def finish_with(others)
    host.lane.flush
    host.frames
    host.lane.finish
    others.times { host.lane.next_request(host.keys) }
  end

  def test_a_slower_answer_is_kept_for_half_of_what_those_behind_it_take
    assert_equal(0, answer_slowly(1000, 0, 1, 2, 3))
  end

  def test_a_slower_answer_before_one_other_leaves_at_once
    assert_equal(1, answer_slowly(1000, 0, 1, 2))
  end

  def test_slower_answers_that_have_been_kept_for_half_of_what_is_left_leave
    assert_equal(0, answer_slowly(1000, 2, *1..7))
    finish_with(6)
    assert_equal(1, answer_slowly(1000, 3, *8..14))
  end

  def test_no_answer_is_kept_for_long_however_many_wait
    assert_equal(0, answer_slowly(4000, 1, *1..64))
    finish_with(63)
    assert_equal(1, answer_slowly(4001, 1, *65..128))
  end

  def test_what_was_kept_leaves_before_anything_else
    start(1, 2)
    host.lane.instance_variable_set(:@sent_at, Float::INFINITY)
    answer("one")
    host.lane.next_request(host.keys)
    host.lane.log("a word")
    assert_equal([[Wire::RESPONSE, 1, "one"], [Wire::LOG, 2, "a word"]], host.frames.map { |frame| [frame.type, frame.id, frame.body] })
  end

  def test_behind_what_was_sent_early_no_answer_is_kept_before_another_request_is_begun
    start(1, 2)
    host.lane.log("a word")
    host.lane.instance_variable_set(:@sent_at, Float::INFINITY)
    answer("one")
    assert_equal("", host.kept)
  end

  def test_an_answer_without_room_is_sent
    start(1, 2)
    host.lane.instance_variable_set(:@sent_at, Float::INFINITY)
    answer("x" * Host::ANSWER_BYTES)
    assert_equal([Host::ANSWER_BYTES], host.frames.map { |frame| frame.body.bytesize })
  end

  def test_a_long_answer_leaves_whole
    start(1)
    body = "0123456789".b * 100_000
    received = Thread.new { host.socket.read(16 + 6 + body.bytesize) }
    answer(body)
    assert_equal(body, received.value[22..-1])
  end

  def test_a_long_text_for_the_log_leaves_in_several_frames_of_utf_8
    start(1)
    host.lane.log("\u20ac" * 50_000)
    texts = host.frames.map(&:body)
    assert_equal([65_536, 65_536, 18_928], texts.map(&:bytesize))
    assert_equal("\u20ac" * 50_000, texts.join.force_encoding("UTF-8"))
  end

  def test_a_text_that_is_no_utf_8_is_logged_with_marks
    start(1)
    host.lane.log("a\xffb".dup.force_encoding("UTF-8"))
    host.lane.log("a\xffb".b)
    assert_equal(2, host.frames.count { |frame| frame.body.force_encoding("UTF-8").valid_encoding? })
  end

  def test_a_forked_process_cannot_speak_on_its_parents_lane
    start(1)
    child = fork { answer("child"); exit!(1) }
    Process.wait(child)
    assert_equal(0, $?.exitstatus)
    answer("parent")
    assert_equal(["parent"], host.frames.map(&:body))
  end

  def test_when_tsgi_has_hung_up_it_says_so
    start(1)
    host.socket.close
    assert_raises(LaneClosed) { answer("late") }
  end

  def test_a_lane_that_stops_answers_what_has_come
    start(1, 2)
    host.lane.stop
    answer("one")
    assert_equal(2, host.lane.next_request(host.keys)[0])
    answer("two")
    assert_equal(%w[one two], host.frames.map(&:body))
    assert_raises(LaneClosed) { host.lane.next_request(host.keys) }
  end

  def test_a_client_that_has_left_is_seen
    start(4)
    refute(host.lane.unwanted?)
    host.write_word(Host::ABORTED, 4)
    assert(host.lane.unwanted?)
  end
end
