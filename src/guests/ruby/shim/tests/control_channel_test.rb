require_relative "host"
require_relative "../tsgi/control_channel"
require "tmpdir"

class ControlChannelTest < Minitest::Test
  include TSGI

  def setup
    @directory = Dir.mktmpdir
    @path = File.join(@directory, "socket")
    @server = UNIXServer.new(@path)
    @options = { "socket" => @path, "status" => File.join(@directory, "status"), "token" => "secret" }
    File.write(@options["status"], "")
    @channel = ControlChannel.new(@options)
  end

  def teardown
    @server.close unless @server.closed?
    FileUtils.remove_entry(@directory, true)
  end

  # Opens the channel; the host's side of it.
  def opened
    @channel.open(2, 61)
    @server.accept
  end

  def received(socket)
    length, id, head, type = socket.read(16).unpack(Wire::HEADER)
    assert_equal([0, 0], [id, head])
    [type, JSON.parse(socket.read(length))]
  end

  def test_it_introduces_the_process
    type, hello = received(opened)
    assert_equal(Wire::HELLO, type)
    assert_equal({ "protocol" => 1, "token" => "secret", "process" => 2, "lane" => -1, "pid" => Process.pid, "language" => "Ruby", "version" => RUBY_VERSION,
                   "dump" => { "signal" => 61, "format" => "lines" } }, hello)
  end

  def test_messages_may_be_split_at_every_byte
    socket = opened
    stream = Wire.frame(Wire::FORK, 0, "".b, '{"process":4}'.b) + Wire.frame(Wire::STOP, 0, "".b, "".b)
    (1...stream.bytesize).each do |cut|
      socket.write(stream.byteslice(0, cut))
      hearing = Thread.new { Array.new(2) { @channel.hear } }
      Thread.pass
      socket.write(stream.byteslice(cut..-1))
      assert_equal([[Wire::FORK, { "process" => 4 }], [Wire::STOP, nil]], hearing.value)
    end
  end

  def test_it_knows_whether_something_has_come
    socket = opened
    refute(@channel.ready?(0))
    socket.write(Wire.frame(Wire::STOP, 0, "".b, "".b) * 2)
    assert(@channel.ready?(10))
    @channel.hear
    assert(@channel.ready?(0), "also what was received and not read")
  end

  # The exit code of a process that does this with the channel, and what is left of the host's files.
  def ended(closes:)
    child = fork do
      File.write(File.join(@directory, "process-#{Process.pid}"), "")
      socket = opened
      @server.close
      File.unlink(@path) if closes
      socket.close
      @channel.hear
      exit!(7)
    end
    @server.close
    Process.wait(child)
    [$?.exitstatus, Dir.exist?(@directory)]
  end

  def test_the_end_of_the_channel_ends_the_process_and_the_last_one_clears_up
    assert_equal([0, false], ended(closes: false))
  end

  def test_also_when_the_socket_is_gone_already
    assert_equal([0, false], ended(closes: true))
  end
end
