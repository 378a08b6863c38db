# A lane: the socket over which one thread of this process gets requests, one at a time, and answers them.

require_relative "wire"

module TSGI
  class Lane
    # What one read asks for, unless more is known to come. A larger buffer would be mapped and unmapped for each request.
    RECEIVE_BYTES = 16_384
    # Lists of keys that a lane remembers.
    KEY_LISTS = 16
    # Up to here a body is copied behind its head, and leaves in one write.
    JOINED_BYTES = 65_536
    # Longer texts for the log leave in several frames.
    LOG_BYTES = 65_536
    WORD = 4

    # The id of the request that is running; 0 while there is none.
    attr_reader :current

    # On a socket that is connected. `slot` is its index in the status file of `slots` lanes.
    def initialize(socket, status, slot, slots)
      @socket = socket
      @status = status
      @started = slot * WORD
      @aborted = (slots + slot) * WORD
      @rest = String.new
      @mail = []
      @current = 0
      @owner = Process.pid
      @sending = Mutex.new
      @status.pwrite([0].pack("L"), @started)
    end

    # Introduces the lane to TSGI.
    def open(token, process, index)
      hello = { protocol: Wire::PROTOCOL_VERSION, token: token, process: process, lane: index, keys: KEY_LISTS, maxBatch: 1,
                status: "write", thread: "lane #{index}" }
      send_bytes(Wire.frame(Wire::HELLO, 0, "".b, JSON.generate(hello).b))
    end

    # The next request, as id, head, body, flags and number; waits for it. Lists of keys go to `keys`.
    def next_request(keys)
      loop do
        type, id, head, body, flags, aux = next_frame
        return id, head, body, flags, aux if type == Wire::REQUEST

        keys[aux] = head << body if type == Wire::KEYS
      end
    end

    # Says that a request is begun, before anything is done for it.
    def start(id)
      @status.pwrite([id].pack("L"), @started)
      @current = id
    end

    # Nothing of the request is wanted any more.
    def finish
      @current = 0
      @mail.clear unless @mail.empty?
    end

    # Whether nobody wants the answer of the request that is running.
    def unwanted?
      @status.pread(WORD, @aborted).unpack1("L") == @current
    end

    # The next frame of one of these types for the request that is running, and for the call of that number: type, head, body, flags.
    def wait_for(number, *types)
      loop do
        index = @mail.index { |type, _, _, _, aux| types.include?(type) && aux == number }
        return @mail.delete_at(index).first(4) if index

        type, id, head, body, flags, aux = next_frame
        @mail << [type, head, body, flags, aux] if id == @current
      end
    end

    # Sends a frame of the request that is running.
    def send_frame(type, head, body, flags = 0, aux = 0)
      header = [head.bytesize + body.bytesize, @current, head.bytesize, type, flags, aux].pack(Wire::HEADER)
      header << head
      if body.bytesize <= JOINED_BYTES
        send_bytes(header << body)
      else
        send_bytes(header, body)
      end
    end

    # A text for the error log.
    def log(text)
      bytes = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).b
      (0...bytes.bytesize).step(LOG_BYTES) { |start| send_frame(Wire::LOG, "".b, bytes.byteslice(start, LOG_BYTES)) }
    end

    # It ends once it has answered what has come.
    def stop
      @socket.shutdown(Socket::SHUT_RD)
    rescue SystemCallError, IOError
      nil
    end

    private

    # The next frame: type, id, head, body, flags, number.
    def next_frame
      length = nil
      loop do
        if @rest.bytesize >= Wire::HEADER_BYTES
          length, id, head, type, flags, aux = @rest.unpack(Wire::HEADER)
          stop = Wire::HEADER_BYTES + length
          if @rest.bytesize >= stop
            data = @rest
            @rest = data.bytesize == stop ? String.new : data.byteslice(stop..-1)
            return type, id, data.byteslice(Wire::HEADER_BYTES, head), data.byteslice(Wire::HEADER_BYTES + head, length - head), flags, aux
          end
        end
        receive(length)
      end
    end

    def receive(length)
      missing = length ? Wire::HEADER_BYTES + length - @rest.bytesize : 0
      piece = @socket.readpartial([missing, RECEIVE_BYTES].max)
      @rest.empty? ? @rest = piece : @rest << piece
    rescue SystemCallError, IOError
      raise LaneClosed
    end

    # Bytes of whole frames. A process that the application has forked ends here: the lane is its parent's.
    def send_bytes(*parts)
      exit!(0) if Process.pid != @owner
      @sending.synchronize { @socket.write(*parts) }
    rescue SystemCallError, IOError
      raise LaneClosed
    end
  end
end
