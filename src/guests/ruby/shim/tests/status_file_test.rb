require_relative "host"

# The rules of a place, whatever the file is read with.
module PlaceRules
  def host
    @host ||= Host.new(kind: kind)
  end

  def teardown
    host.close
  end

  def test_a_place_begins_with_nothing_started_kept_or_recalled
    place = host.place
    assert_equal([0, 0, 0], [Host::STARTED, Host::KEPT, Host::RECALLED].map { |position| host.word(position) })
    assert_equal(0, place.recalled)
    assert_equal(0xffff_ffff, place.aborted)
  end

  def test_what_one_side_writes_the_other_reads
    host.place.start(0xfedc_ba98)
    assert_equal(0xfedc_ba98, host.word(Host::STARTED))
    host.write_word(Host::ABORTED, 7)
    host.write_word(Host::RECALLED, 9)
    assert_equal([7, 9], [host.place.aborted, host.place.recalled])
  end

  def test_answers_are_kept_one_after_another_and_forgotten
    assert(host.place.keep("first".b))
    assert(host.place.keep("second".b))
    assert_equal("firstsecond", host.kept)
    host.place.forget
    assert_equal("", host.kept)
    assert(host.place.keep("third".b))
    assert_equal("third", host.kept)
  end

  def test_an_answer_that_does_not_fit_is_not_kept
    room = Host::ANSWER_BYTES - 4
    assert(host.place.keep("a".b * (room - 1)))
    refute(host.place.keep("bb".b))
    assert(host.place.keep("b".b))
    assert_equal(room, host.kept.bytesize)
    assert_equal(0, host.word(Host::RECALLED))
  end
end

class WrittenPlaceTest < Minitest::Test
  include PlaceRules

  def kind
    TSGI::StatusFile::WrittenPlace
  end
end

if TSGI::StatusFile.mapped?(1)
  class MappedPlaceTest < Minitest::Test
    include PlaceRules

    def kind
      nil
    end
  end
end

class PlacesTest < Minitest::Test
  def test_lanes_do_not_overlap
    slots, answer_bytes = 3, 64
    file = Tempfile.new("status", binmode: true)
    file.write("\0" * (slots * (12 + answer_bytes)))
    file.flush
    places = TSGI::StatusFile.open(file.path, slots, answer_bytes)
    slots.times { |slot| places.of(slot).tap { |place| place.start(slot + 1) }.keep((slot + 65).chr * (answer_bytes - 4)) }
    bytes = File.binread(file.path)
    assert_equal([1, 2, 3], bytes.unpack("L3"))
    assert_equal((0...slots).map { |slot| [answer_bytes - 4].pack("L") + (slot + 65).chr * (answer_bytes - 4) }.join, bytes[24, slots * answer_bytes])
    assert_equal("\0" * 12, bytes[-12..-1])
  ensure
    file.close!
  end
end
