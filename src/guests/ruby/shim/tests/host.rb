# TSGI's side of a lane, for tests: a real socket and a real status file, whose other end is a real lane in this process.

require "minitest"
require "socket"
require "tempfile"
require_relative "../tsgi/environment"
require_relative "../tsgi/lane"
require_relative "../tsgi/server"
require_relative "../tsgi/status_file"

# What a lane sends, taken apart.
Frame = Struct.new(:type, :id, :head, :body, :flags, :aux) do
  def end?
    flags & TSGI::Wire::END_FLAG != 0
  end

  # How the answer was: without how long it took.
  def answer
    [head.split("\0"), body]
  end
end

# A lane and what TSGI does with it.
class Host
  include TSGI

  ANSWER_BYTES = 256
  # Where the words of a file with one lane are.
  STARTED, ABORTED, KEPT, RECALLED = 0, 4, 8, 8 + ANSWER_BYTES

  attr_reader :lane, :keys, :place, :socket

  # `kind` is how the lane uses its status file.
  def initialize(kind: nil)
    @file = Tempfile.new("status", binmode: true)
    @file.write("\xff".b * (12 + ANSWER_BYTES))
    @file.flush
    places = kind ? StatusFile::Places.new(kind, @file, 1, ANSWER_BYTES) : StatusFile.open(@file.path, 1, ANSWER_BYTES)
    @place = places.of(0)
    @socket, @theirs = UNIXSocket.pair
    @lane = Lane.new(@theirs, @place)
    @keys = Environment.new(@lane, multithread: false, multiprocess: true)
    @rest = String.new
  end

  def close
    @socket.close
    @theirs.close
    @file.close!
  end

  # Sends a frame.
  def say(type, head = "", body = "", id: 1, flags: 0, aux: 0)
    @socket.write(Wire.frame(type, id, head.b, body.b, flags, aux))
  end

  # Sends a request.
  def request(environ = { "REQUEST_METHOD" => "GET" }, body = "", id: 1, flags: 0)
    say(Wire::REQUEST, Host.text(environ), body, id: id, flags: flags, aux: environ.size)
  end

  def self.text(environ)
    environ.map { |key, value| "#{key.b}\0#{value.b}\0" }.join.b
  end

  # Lets an application answer requests that were sent.
  def serve(application, count = 1, door: nil)
    server = Server.new(@lane, application, door: door, multithread: false, multiprocess: true)
    Thread.current.thread_variable_set(:tsgi_lane, @lane)
    count.times { server.answer(*@lane.next_request(server.instance_variable_get(:@environment))) }
  end

  # All frames that the lane has sent meanwhile.
  def frames
    loop { @rest << @socket.read_nonblock(1_000_000) }
  rescue IO::WaitReadable, EOFError
    frames = []
    while @rest.bytesize >= Wire::HEADER_BYTES
      length, id, head, type, flags, aux = @rest.unpack(Wire::HEADER)
      break if @rest.bytesize < Wire::HEADER_BYTES + length

      payload = @rest.byteslice(Wire::HEADER_BYTES, length)
      @rest = @rest.byteslice(Wire::HEADER_BYTES + length..-1)
      frames << Frame.new(type, id, payload.byteslice(0, head), payload.byteslice(head..-1), flags, aux)
    end
    frames
  end

  # A word of the status file.
  def word(position)
    @file.pread(4, position).unpack1("L")
  end

  def write_word(position, number)
    @file.pwrite([number].pack("L"), position)
  end

  # The answers that the lane keeps back, as TSGI reads them.
  def kept
    @file.pread(word(KEPT), KEPT + 4)
  end
end

# Tests with a lane of their own.
class LaneTest < Minitest::Test
  include TSGI

  attr_reader :host

  def setup
    @host = Host.new
  end

  def teardown
    @host.close
  end

  # What a client gets: the application's answer to one request, as status, headers and body.
  def answered(application, environ = { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/" }, body = "", flags: 0)
    host.request(environ, body, flags: flags)
    host.serve(application)
    host.frames
  end

  # The one failure that an application ended in.
  def failure(application, **options)
    frames = answered(application, **options)
    assert_equal([Wire::FAIL], frames.map(&:type))
    frames[0].head
  end
end
