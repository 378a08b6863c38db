# What an application gets that takes its connection over: a socket on which it answers its request itself, in the words of HTTP/1.1, from any
# thread and for as long as it wants. The lane is free for other requests meanwhile. Source: Rack SPEC, "Hijacking";
# docs/lane-protocol.md, "Connections of their own".

require_relative "wire"

module TSGI
  class Hijack
    # Opens such connections for one lane. `connect` gives a socket that is connected to TSGI.
    Door = Struct.new(:connect, :hello) do
      # The connection for the answer to a request.
      def open(id)
        socket = connect.call
        return socket if taken?(socket, Wire.frame(Wire::HELLO, 0, "".b, JSON.generate(hello.merge(request: id)).b))

        socket.close
        raise ClientGone, "The connection cannot be taken over: the client has left, or the response has begun"
      end

      private

      # TSGI hangs up where it does not agree. From its answer on, all is the application's.
      def taken?(socket, hello)
        socket.write(hello)
        header = socket.read(Wire::HEADER_BYTES)
        header&.bytesize == Wire::HEADER_BYTES && header.unpack(Wire::HEADER)[3] == Wire::TAKEN
      rescue SystemCallError
        false
      end
    end

    OPENING = Mutex.new

    # What an error says of a connection that has been taken over: without its client, it cannot be written to.
    def self.told(error)
      error.is_a?(Errno::EPIPE) || error.is_a?(Errno::ECONNRESET) ? ClientGone.new("The client has left") : error
    end

    # For the request that a lane is at.
    def initialize(lane, door, env, answer)
      @lane = lane
      @door = door
      @env = env
      @answer = answer
      @id = lane.current
    end

    # Takes the connection over. Returns the socket; the same one each time.
    def call
      OPENING.synchronize do
        next @io if @io
        raise IOError, "The connection cannot be taken over any more: the request is over" if @lane.current != @id
        raise IOError, "The connection cannot be taken over any more: the response has begun" if @answer.begun?

        @lane.flush
        @io = @env["rack.hijack_io"] = @door.open(@id)
      end
    end

    # Takes the connection over for an application that leaves the head to its server.
    def open(head)
      call.tap { |io| io.write(head) }
    end

    # Whether the application has the connection.
    def taken?
      !@io.nil?
    end

    # The application has failed, and nobody else may know of the connection.
    def close
      @io.close
    rescue IOError
      nil
    end
  end
end
