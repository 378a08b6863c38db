# A lane's places in the status file: what it has started, what nobody wants any more, the answers that it keeps back, and what it must not
# start. Source: docs/lane-protocol.md, "The status file".

module TSGI
  module StatusFile
    WORD = 4

    # The file of so many lanes, mapped into memory where Ruby can do that (3.1). After a fork: each process has its own.
    def self.open(path, slots, answer_bytes)
      file = File.open(path, "r+b")
      size = slots * (3 * WORD + answer_bytes)
      kind, memory = mapped?(size) ? [MappedPlace, mapping(file, size)] : [WrittenPlace, file]
      Places.new(kind, memory, slots, answer_bytes)
    end

    def self.mapped?(size)
      defined?(IO::Buffer) && IO::Buffer.method_defined?(:set_string) && IO::Buffer.method_defined?(:get_value) && size.positive?
    end

    # Ruby warns of its class, not of what is done here.
    def self.mapping(file, size)
      warns = Warning[:experimental]
      Warning[:experimental] = false
      IO::Buffer.map(file, size)
    ensure
      Warning[:experimental] = warns
    end

    # Where the words of a lane are, and how its answers are kept one after another.
    class Place
      def initialize(slot, slots, answer_bytes)
        @started = slot * WORD
        @aborted = (slots + slot) * WORD
        @kept = 2 * slots * WORD + slot * answer_bytes
        @recalled = slots * (2 * WORD + answer_bytes) + slot * WORD
        @room = answer_bytes - WORD
        @used = 0
        start(0)
        put(@recalled, 0)
        put(@kept, 0)
      end

      # Says that a request is begun, before anything is done for it.
      def start(id)
        put(@started, id)
      end

      # The request whose answer nobody wants any more.
      def aborted
        get(@aborted)
      end

      # The last request that is not to be started; 0 for none.
      def recalled
        get(@recalled)
      end

      # Keeps a finished answer; false where there is no room. The number of bytes is written last: until then, there is no answer.
      def keep(frame)
        used = @used + frame.bytesize
        return false if used > @room

        put_bytes(@kept + WORD + @used, frame)
        put(@kept, @used = used)
        true
      end

      # What was kept has been sent.
      def forget
        put(@kept, @used = 0) unless @used.zero?
      end
    end

    # With loads and stores.
    class MappedPlace < Place
      TYPE = [1].pack("L") == [1].pack("V") ? :u32 : :U32

      def initialize(buffer, *numbers)
        @buffer = buffer
        super(*numbers)
      end

      private

      def put(position, number)
        @buffer.set_value(TYPE, position, number)
      end

      def get(position)
        @buffer.get_value(TYPE, position)
      end

      def put_bytes(position, bytes)
        @buffer.set_string(bytes, position)
      end
    end

    # With system calls.
    class WrittenPlace < Place
      def initialize(file, *numbers)
        @file = file
        super(*numbers)
      end

      private

      def put(position, number)
        @file.pwrite([number].pack("L"), position)
      end

      def get(position)
        @file.pread(WORD, position).unpack1("L")
      end

      def put_bytes(position, bytes)
        @file.pwrite(bytes, position)
      end
    end

    # Of all lanes.
    Places = Struct.new(:kind, :memory, :slots, :answer_bytes) do
      def of(slot)
        kind.new(memory, slot, slots, answer_bytes)
      end
    end
  end
end
