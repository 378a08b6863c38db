require_relative "host"

class WireTest < Minitest::Test
  include TSGI

  def test_a_frame_has_a_header_of_16_bytes_in_front_of_head_and_body
    frame = Wire.frame(Wire::RESPONSE, 0x01020304, "200 OK".b, "hello".b, Wire::END_FLAG, 200)
    assert_equal("\x0b\0\0\0\x04\x03\x02\x01\x06\0\0\0\x41\x01\xc8\x00".b + "200 OKhello", frame)
    assert_equal(Encoding::BINARY, frame.encoding)
  end

  def test_a_frame_takes_any_byte
    bytes = (0..255).map(&:chr).join.b
    assert_equal(bytes + bytes, Wire.frame(Wire::LOG, 1, bytes, bytes)[16..-1])
  end

  def test_values_that_json_lacks_come_as_tagged_objects_at_any_depth
    text = '{"a":[{"tsgi:bytes":"/wA="}],"b":{"c":{"tsgi:int":"123456789012345678901234567890"}},"d":{"tsgi:datetime":"2026-01-02T03:04:05Z"}}'
    expected = { "a" => ["\xff\0".b], "b" => { "c" => 123_456_789_012_345_678_901_234_567_890 }, "d" => "2026-01-02T03:04:05Z" }
    assert_equal(expected, Wire.parse(text))
  end

  def test_an_object_with_more_members_is_none_of_them
    assert_equal({ "tsgi:int" => "1", "x" => 2 }, Wire.parse('{"tsgi:int":"1","x":2}'))
  end

  def test_a_tagged_number_that_is_none_is_refused
    ["0x10", "1 ", "", "1_0x"].each { |digits| assert_raises(ArgumentError, digits) { Wire.parse(%({"tsgi:int":"#{digits}x"})) } }
  end
end
