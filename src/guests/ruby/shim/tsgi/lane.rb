# A lane: the socket over which one thread of this process gets requests, and answers them one after another.
#
# Several requests may come in one read. Their answers leave in one write, unless one of them takes long: TSGI watches over that, takes
# finished answers from the status file and says which requests are not to be started. Source: docs/lane-protocol.md, "Batches".

require "io/nonblock"
require_relative "wire"

module TSGI
  class Lane
    # What one read asks for, unless more is known to come. A larger buffer would be mapped and unmapped for each read.
    RECEIVE_BYTES = 32_768
    # Lists of keys that a lane remembers.
    KEY_LISTS = 16
    # Requests that it takes at a time.
    MAX_BATCH = 64
    # Up to here a body is copied behind its head, and leaves in one write.
    JOINED_BYTES = 65_536
    # Longer texts for the log leave in several frames.
    LOG_BYTES = 65_536
    # Answers are kept back for so long whatever waits, and at most for so long where many requests wait.
    PATIENCE_MICROSECONDS = 500
    MOST_PATIENCE_MICROSECONDS = 8000
    # The scale of how long a request took is in the upper half of the flags.
    TOOK_SHIFT = 4
    MOST_TOOK = 15
    EMPTY = "".b.freeze

    # The id of the request that is running; 0 while there is none.
    attr_reader :current

    # On a socket that is connected. `place` is its part of the status file.
    def initialize(socket, place)
      # Otherwise each read that has to wait is three calls: one in vain, one that waits, one that reads.
      socket.nonblock = false
      @socket = socket
      @place = place
      @rest = String.new
      @pending = []
      @out = []
      @mail = []
      @current = 0
      @last_begun = 0
      @sent_at = @marked_at = @took = 0
      @owner = Process.pid
      @sending = Mutex.new
    end

    # Introduces the lane to TSGI.
    def open(token, process, index)
      hello = { protocol: Wire::PROTOCOL_VERSION, token: token, process: process, lane: index, keys: KEY_LISTS, maxBatch: MAX_BATCH,
                watcher: "host", status: @place.is_a?(StatusFile::MappedPlace) ? "mmap" : "write", thread: "lane #{index}" }
      send_bytes(Wire.frame(Wire::HELLO, 0, EMPTY, JSON.generate(hello).b))
    end

    # The next request that is to be answered, as id, head, body, flags and number or list of keys; waits for it. It is then begun.
    # Lists of keys go to `keys`.
    def next_request(keys)
      loop do
        request = waiting_request(keys)
        id = request[0]
        @place.start(id)
        recalled = @place.recalled
        if recalled.zero? || !later?(recalled, id)
          @current = @last_begun = id
          @sent_early = false
          return request
        end
        # TSGI had said so before we said that it is begun, or at that moment: then it waits for this.
        @place.start(@last_begun)
        give_back(id, recalled, keys)
      end
    end

    # Nothing of the request is wanted any more.
    def finish
      @current = 0
      @mail.clear unless @mail.empty?
    end

    # Whether nobody wants the answer of the request that is running.
    def unwanted?
      @place.aborted == @current
    end

    # The next frame of one of these types for the request that is running, and for the call of that number: type, head, body, flags.
    def wait_for(number, *types)
      loop do
        index = @mail.index { |type, _, _, _, aux| types.include?(type) && aux == number }
        return @mail.delete_at(index).first(4) if index

        receive(nil)
      end
    end

    # A complete answer. It is kept back while the next request is here, and all of them are fast.
    def send_answer(head, body, code)
      bytes = head.bytesize
      frame = [bytes + body.bytesize, @current, bytes, Wire::RESPONSE, Wire::END_FLAG | took, code].pack(Wire::HEADER)
      return send_bytes(frame << head, body) if body.bytesize > JOINED_BYTES

      frame << head << body
      send_bytes(frame) unless !@pending.empty? && keep(frame)
    end

    # Sends a frame of the request that is running, after what was kept back.
    def send_frame(type, head, body, flags = 0, aux = 0)
      frame = [head.bytesize + body.bytesize, @current, head.bytesize, type, flags, aux].pack(Wire::HEADER)
      frame << head
      body.bytesize <= JOINED_BYTES ? send_bytes(frame << body) : send_bytes(frame, body)
    end

    # Sends what was kept back.
    def flush
      send_bytes
    end

    # A text for the error log.
    def log(text)
      bytes = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).b
      (0...bytes.bytesize).step(LOG_BYTES) { |start| send_frame(Wire::LOG, EMPTY, bytes.byteslice(start, LOG_BYTES)) }
    end

    # It ends once it has answered what has come.
    def stop
      @socket.shutdown(Socket::SHUT_RD)
    rescue SystemCallError, IOError
      nil
    end

    private

    def waiting_request(keys)
      while @pending.empty?
        receive(keys)
        @sent_at = @marked_at = now
      end
      @pending.shift
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)
    end

    # As flags, how long it is since the last request was answered or received.
    def took
      before, @marked_at = @marked_at, now
      @took = @marked_at - before
      (@took >> 3).bit_length.clamp(1, MOST_TOOK) << TOOK_SHIFT
    end

    # How long an answer may be kept where each request takes longer: half of what the clients of those that are here wait anyway. To send
    # one wakes TSGI, and where both share a processor, the application goes on with cold caches.
    def patience
      [@pending.size * @took / 2, MOST_PATIENCE_MICROSECONDS].min
    end

    # Whether an id is another one or comes after it.
    def later?(id, other)
      (id - other) & 0xffff_ffff < 0x8000_0000
    end

    # Gives back all requests from one to another, without having started any.
    def give_back(id, last, keys)
      ids = [id]
      ids << waiting_request(keys)[0] until ids.last == last
      send_bytes(Wire.frame(Wire::RETURNED, 0, EMPTY, ids.pack("V*")) << Wire.frame(Wire::FREE, 0, EMPTY, EMPTY))
    end

    # Keeps an answer back; false where it must leave now.
    def keep(frame)
      kept = @marked_at - @sent_at
      return false if (kept > PATIENCE_MICROSECONDS && kept > patience) || Process.pid != @owner

      @sending.synchronize do
        # What was kept before may be read while this is written, unless another request is begun in between.
        return false if @sent_early || !@place.keep(frame)

        @out << frame
      end
      true
    end

    # Receives what has come and sorts it; waits where nothing has. Requests that come while `keys` is nil find their list at `@keys`.
    def receive(keys)
      @keys = keys if keys
      piece = @socket.readpartial(missing)
      sort(@rest.empty? ? piece : @rest << piece)
    rescue SystemCallError, IOError
      raise LaneClosed
    end

    # How many bytes to ask for: a long body comes in few reads.
    def missing
      return RECEIVE_BYTES if @rest.bytesize < Wire::HEADER_BYTES

      [Wire::HEADER_BYTES + @rest.unpack1("V") - @rest.bytesize, RECEIVE_BYTES].max
    end

    def sort(data)
      position = 0
      size = data.bytesize
      while size - position >= Wire::HEADER_BYTES
        length, id, head, type, flags, aux = data.byteslice(position, Wire::HEADER_BYTES).unpack(Wire::HEADER)
        start = position + Wire::HEADER_BYTES
        break if length > size - start

        position = start + length
        file(type, id, data.byteslice(start, head), data.byteslice(start + head, length - head), flags, aux)
      end
      @rest = position.zero? ? data : data.byteslice(position, size - position)
    end

    def file(type, id, head, body, flags, aux)
      if type == Wire::REQUEST
        # Looked up here and not when it is answered: by then the number may refer to another list.
        @pending << [id, head, body, flags, flags & Wire::KEYED == 0 ? aux : @keys[aux]]
      elsif type == Wire::KEYS
        @keys[aux] = head << body
      elsif id == @current
        @mail << [type, head, body, flags, aux]
      end
    end

    # Bytes of whole frames, after what was kept back. A process that the application has forked ends here: the lane is its parent's.
    def send_bytes(*parts)
      exit!(0) if Process.pid != @owner
      @sending.synchronize do
        @sent_early = true
        if @out.empty?
          @socket.write(*parts)
        else
          @socket.write(*@out, *parts)
          @out.clear
          @place.forget
        end
        @sent_at = now
      end
    rescue SystemCallError, IOError
      raise LaneClosed
    end
  end
end
