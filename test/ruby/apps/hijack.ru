# Applications that take their connection over. Each path is one way to do it.

require "digest/sha1"
require "socket"

PLAIN = { "content-type" => "text/plain" }.freeze
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
$waiting = Queue.new
$ended = Queue.new

# A WebSocket that says back what it hears. Source: RFC 6455, section 5.
class Echo
  def initialize(io)
    @io = io
  end

  def shake_hands(key)
    accept = [Digest::SHA1.digest(key + GUID)].pack("m0")
    @io.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: #{accept}\r\n\r\n")
    self
  end

  def run
    while (frame = heard)
      say(*frame)
      break if frame[0] == 8
    end
    $ended << "end"
  rescue SystemCallError, IOError => e
    $ended << e.class.name
  ensure
    @io.close
  end

  private

  def heard
    head = @io.read(2) or return
    code, length = head.unpack("CC")
    length &= 127
    length = @io.read(2).unpack1("n") if length == 126
    length = @io.read(8).unpack1("Q>") if length == 127
    mask = @io.read(4)
    data = @io.read(length)
    # Whole words at once: byte by byte, megabytes would take seconds.
    word = mask.unpack1("V")
    [code & 15, (data + "\0" * (-length % 4)).unpack("V*").map { |each| each ^ word }.pack("V*").byteslice(0, length)]
  end

  def say(code, data)
    size = data.bytesize
    length = if size < 126 then [size].pack("C")
             elsif size < 65_536 then [126, size].pack("Cn")
             else [127, size].pack("CQ>")
             end
    @io.write([128 | code].pack("C"), length, data)
  end
end

ANSWERS = {
  "/hello" => ->(_) { [200, PLAIN.dup, ["hello"]] },
  "/pid" => ->(_) { [200, PLAIN.dup, [Process.pid.to_s]] },
  "/offers" => ->(env) { [200, PLAIN.dup, ["#{env['rack.hijack?']} #{env.key?('rack.hijack')}"]] },
  # Answered in another thread, while this one is free.
  "/socket" => lambda { |env|
    io = env["rack.hijack"].call
    Thread.new { Echo.new(io).shake_hands(env["HTTP_SEC_WEBSOCKET_KEY"]).run }
    [-1, {}, []]
  },
  # Answered within the call.
  "/socket-inside" => ->(env) { Echo.new(env["rack.hijack"].call).shake_hands(env["HTTP_SEC_WEBSOCKET_KEY"]).run },
  # As Rack 3 does it.
  "/streaming" => lambda { |env|
    accept = [Digest::SHA1.digest(env["HTTP_SEC_WEBSOCKET_KEY"] + GUID)].pack("m0")
    [101, { "upgrade" => "websocket", "connection" => "upgrade", "sec-websocket-accept" => accept }, ->(stream) { Echo.new(stream).run }]
  },
  "/partial" => lambda { |env|
    accept = [Digest::SHA1.digest(env["HTTP_SEC_WEBSOCKET_KEY"] + GUID)].pack("m0")
    headers = { "Upgrade" => "websocket", "Connection" => "Upgrade", "Sec-WebSocket-Accept" => accept }
    [101, headers.merge("rack.hijack" => ->(io) { Thread.new { Echo.new(io).run } }), []]
  },
  "/ended" => ->(_) { [200, PLAIN.dup, [$ended.pop]] },
  # Waits for another request, with no thread.
  "/poll" => ->(env) { $waiting << env["rack.hijack"].call; [404, {}, []] },
  "/events" => ->(env) { env["rack.hijack"].call.then { |io| io.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"); $events = io }; [200, {}, []] },
  "/event" => ->(_) { $events.write("data: hello\n\n"); [200, PLAIN.dup, ["told"]] },
  "/no-more-events" => ->(_) { $events.close; [200, PLAIN.dup, ["told"]] },
  "/post" => lambda { |env|
    text = env["rack.input"].read
    count = $waiting.size
    count.times do
      io = $waiting.pop
      io.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: #{text.bytesize}\r\n\r\n#{text}")
      io.close
    rescue SystemCallError
      nil
    end
    [200, PLAIN.dup, [count.to_s]]
  },
  "/chunks" => lambda { |env|
    io = env["rack.hijack"].call
    io.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    io.close
  },
  "/to-the-end" => ->(env) { env["rack.hijack"].call.then { |io| io.write("HTTP/1.0 200 OK\r\n\r\nhello"); io.close } },
  "/reads" => ->(env) { [200, PLAIN.merge("rack.hijack" => ->(io) { io.write("read: #{io.read}"); io.close }), []] },
  "/no-http" => ->(env) { env["rack.hijack"].call.write("Server listening"); [200, {}, []] },
  "/silent" => ->(env) { env["rack.hijack"].call.close },
  "/raises" => ->(env) { env["rack.hijack"].call; raise "on purpose" },
  "/late" => ->(env) { env["rack.hijack"].call.write("HTTP/1.1 200 OK\r\n\r\nhello"); raise "on purpose" }
}.freeze

run ->(env) { ANSWERS.fetch(env["PATH_INFO"]).call(env) }
