# The control channel: the socket over which this process hears what it is to do, and tells how it fares.

require "socket"
require_relative "wire"

module TSGI
  class ControlChannel
    def initialize(options)
      @options = options
      @telling = Mutex.new
    end

    # A connection to TSGI; ends this process when nobody listens any more.
    def connect
      UNIXSocket.new(@options["socket"])
    rescue SystemCallError
      clear_up
      exit!(0)
    end

    # Opens the channel of a process. A fork opens its own, and closes its parent's.
    def open(process, dump_signal)
      @socket&.close
      @telling = Mutex.new
      @rest = String.new
      @socket = connect
      tell(Wire::HELLO, protocol: Wire::PROTOCOL_VERSION, token: @options["token"], process: process, lane: -1, pid: Process.pid,
                        language: "Ruby", version: RUBY_VERSION, dump: { signal: dump_signal, format: "lines" })
    end

    def tell(type, message)
      data = Wire.frame(type, 0, "".b, JSON.generate(message).b)
      @telling.synchronize { @socket.write(data) }
    rescue SystemCallError, IOError
      leave
    end

    # The next message, as type and value; waits for it. The end of the channel ends this process.
    def hear
      loop do
        if @rest.bytesize >= Wire::HEADER_BYTES
          length, _, _, type = @rest.unpack(Wire::HEADER)
          if @rest.bytesize >= Wire::HEADER_BYTES + length
            payload = @rest.byteslice(Wire::HEADER_BYTES, length)
            @rest = @rest.byteslice(Wire::HEADER_BYTES + length..-1)
            return type, payload.empty? ? nil : JSON.parse(payload)
          end
        end
        @rest << @socket.readpartial(65_536)
      end
    rescue SystemCallError, IOError
      leave
    end

    # Whether a message has come, within a time in seconds.
    def ready?(seconds)
      !@rest.empty? || !IO.select([@socket], nil, nil, seconds).nil?
    end

    # Ends at once, because TSGI has hung up. Clears up after it if it was killed: then nobody listens any more.
    def leave
      10.times do
        # While the descriptors of a dying process are closed one after another, its socket may still take connections.
        socket = connect
        IO.select([socket], nil, nil, 1)
        socket.close
      end
      exit!(0)
    end

    private

    def clear_up
      directory = File.dirname(@options["status"])
      [@options["socket"], @options["status"], "#{directory}/process-#{Process.pid}"].each { |path| quietly { File.unlink(path) } }
      quietly { Dir.rmdir(directory) }
    end

    def quietly
      yield
    rescue SystemCallError
      nil
    end
  end
end
