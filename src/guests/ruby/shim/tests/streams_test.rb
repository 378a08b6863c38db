require_relative "host"

class StreamInputTest < LaneTest
  # An input whose host has these pieces.
  def input(*pieces, gone: false)
    host.request(id: 4)
    host.lane.next_request(host.keys)
    pieces.each_with_index do |piece, index|
      last = index == pieces.size - 1
      host.say(Wire::BODY, "", piece, id: 4, flags: last ? (gone ? Wire::GONE : Wire::END_FLAG) : 0)
    end
    StreamInput.new(host.lane)
  end

  def asked
    host.frames.map { |frame| [frame.type, frame.id, frame.body.unpack1("V")] }
  end

  def test_read_asks_for_as_much_as_is_missing_within_limits
    input = input("x" * 10_000, "y" * 100_000, "")
    assert_equal([10_000, 100_000], [input.read(10_000).bytesize, input.read(300_000).bytesize])
    assert_equal([[Wire::READ, 4, 10_000], [Wire::READ, 4, Wire::PIECE_BYTES], [Wire::READ, 4, 200_000]], asked)
  end

  def test_few_bytes_are_asked_for_in_larger_pieces
    input = input("abcdef", "")
    assert_equal(%w[a bc], [input.read(1), input.read(2)])
    assert_equal([[Wire::READ, 4, 8192]], asked)
  end

  def test_read_without_a_length_reads_all_and_then_nothing
    input = input("ab", "", "cd")
    assert_equal(["abcd", "", nil, ""], [input.read, input.read, input.read(1), input.read(0)])
  end

  def test_read_fills_a_buffer
    input = input("abcd")
    buffer = +"old"
    assert_same(buffer, input.read(3, buffer))
    assert_equal("abc", buffer)
    input.read(3, buffer)
    assert_nil(input.read(3, buffer))
    assert_equal("", buffer)
  end

  def test_lines_go_across_pieces
    assert_equal(["one\n", "two\n", "\n", "three"], input("on", "e\ntwo\n", "\nthr", "ee").enum_for(:each).to_a)
  end

  def test_a_client_that_has_left_is_told_apart_from_the_end
    input = input("ab", "", gone: true)
    assert_raises(ClientGone) { input.read }
  end

  def test_an_input_of_a_request_that_is_over_is_not_asked_for
    late = input("never asked for")
    host.lane.finish
    assert_raises(IOError) { late.read(1) }
    assert_equal([], host.frames)
  end
end

class ErrorStreamTest < LaneTest
  def logged
    host.request
    host.lane.next_request(host.keys)
    yield ErrorStream.new(host.lane)
    host.frames.map { |frame| [frame.type, frame.body.force_encoding("UTF-8")] }
  end

  def test_each_method_writes_to_the_log
    texts = logged do |errors|
      errors.puts("line", ["of a list", "with end\n"])
      errors.puts
      errors.write("a", 1)
      errors.print("b")
      errors << "c" << "\u20ac"
    end
    assert_equal(["line\n", "of a list\n", "with end\n", "\n", "a", "1", "b", "c", "\u20ac"], texts.map(&:last))
    assert_equal([Wire::LOG], texts.map(&:first).uniq)
  end

  def test_nothing_is_no_frame
    assert_equal([], logged { |errors| errors.write("") })
  end

  def test_it_stands_in_for_a_file
    logged do |errors|
      assert_equal([true, false, nil], [errors.sync, errors.tty?, errors.close])
      assert_same(errors, errors.flush)
      require "logger"
      Logger.new(errors).warn("of a logger")
    end
  end
end
