# The streams of an environment: rack.input of a body that is pulled from TSGI, of none, and rack.errors.

require_relative "wire"

module TSGI
  # rack.input of a body that is too long to be kept: it is pulled piece by piece. Source: Rack SPEC, "The Input Stream".
  class StreamInput
    def initialize(lane)
      @lane = lane
      @id = lane.current
      @piece = String.new
      @over = false
    end

    def read(length = nil, buffer = nil)
      pull(length - @piece.bytesize) while !@over && length && @piece.bytesize < length
      pull(Wire::PIECE_BYTES) until @over || length
      data = length ? @piece.slice!(0, length) : @piece.slice!(0..-1)
      if length && length.positive? && data.empty?
        buffer&.clear
        return nil
      end
      buffer ? buffer.replace(data) : data
    end

    def gets(*)
      pull(Wire::PIECE_BYTES) until @over || @piece.include?("\n")
      index = @piece.index("\n")
      line = index ? @piece.slice!(0..index) : @piece.slice!(0..-1)
      line.empty? ? nil : line
    end

    def each
      while (line = gets)
        yield line
      end
    end

    def close; end

    private

    def pull(wanted)
      raise IOError, "This input belongs to a request that is over" if @lane.current != @id

      @lane.send_frame(Wire::READ, "".b, [wanted.clamp(8192, Wire::PIECE_BYTES)].pack("V"))
      _, _, body, flags = @lane.wait_for(0, Wire::BODY)
      @over = true if flags & (Wire::END_FLAG | Wire::GONE) != 0
      raise ClientGone, "The client left before its request was complete" if flags & Wire::GONE != 0

      @piece << body
    end
  end

  # rack.errors: text for the error log, filed under the request that the lane is at. Source: Rack SPEC, "The Error Stream".
  class ErrorStream
    def initialize(lane)
      @lane = lane
    end

    def write(*texts)
      texts.sum do |text|
        string = text.to_s
        @lane.log(string) unless string.empty?
        string.bytesize
      end
    end
    alias print write

    def puts(*lines)
      lines = [""] if lines.empty?
      lines.flatten.each { |line| write(line.to_s.end_with?("\n") ? line : "#{line}\n") }
      nil
    end

    def <<(text)
      write(text)
      self
    end

    def flush
      self
    end

    def sync
      true
    end

    def sync=(_); end

    def isatty
      false
    end
    alias tty? isatty

    def close; end
  end
end
