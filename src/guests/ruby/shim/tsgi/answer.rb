# The answer to one request, from what a Rack application returns. Source: Rack SPEC, "The Response".

require_relative "wire"

module TSGI
  class Answer
    REASONS = {
      100 => "Continue", 101 => "Switching Protocols", 102 => "Processing", 103 => "Early Hints",
      200 => "OK", 201 => "Created", 202 => "Accepted", 203 => "Non-Authoritative Information", 204 => "No Content",
      205 => "Reset Content", 206 => "Partial Content", 207 => "Multi-Status",
      300 => "Multiple Choices", 301 => "Moved Permanently", 302 => "Found", 303 => "See Other", 304 => "Not Modified",
      307 => "Temporary Redirect", 308 => "Permanent Redirect",
      400 => "Bad Request", 401 => "Unauthorized", 402 => "Payment Required", 403 => "Forbidden", 404 => "Not Found",
      405 => "Method Not Allowed", 406 => "Not Acceptable", 407 => "Proxy Authentication Required", 408 => "Request Timeout",
      409 => "Conflict", 410 => "Gone", 411 => "Length Required", 412 => "Precondition Failed", 413 => "Content Too Large",
      414 => "URI Too Long", 415 => "Unsupported Media Type", 416 => "Range Not Satisfiable", 417 => "Expectation Failed",
      418 => "I'm a teapot", 421 => "Misdirected Request", 422 => "Unprocessable Content", 423 => "Locked",
      424 => "Failed Dependency", 425 => "Too Early", 426 => "Upgrade Required", 428 => "Precondition Required",
      429 => "Too Many Requests", 431 => "Request Header Fields Too Large", 451 => "Unavailable For Legal Reasons",
      500 => "Internal Server Error", 501 => "Not Implemented", 502 => "Bad Gateway", 503 => "Service Unavailable",
      504 => "Gateway Timeout", 505 => "HTTP Version Not Supported", 507 => "Insufficient Storage",
      511 => "Network Authentication Required"
    }.freeze
    LINES = REASONS.to_h { |code, reason| [code, "#{code} #{reason}".b.freeze] }.freeze
    EMPTY = "".b.freeze
    NUL = "\0".b.freeze
    LINE_END = "\n".freeze
    # Of a connection, which is TSGI's. Source: RFC 9110, section 7.6.1.
    HOP_BY_HOP = %w[connection keep-alive proxy-connection te trailer transfer-encoding upgrade].freeze
    # What kinds of names of headers the applications use, so that each name is looked at once.
    KINDS = {}
    MOST_KINDS = 1000

    attr_reader :over, :begun
    alias over? over
    alias begun? begun

    # Of the request that the lane is at.
    def initialize(lane)
      @lane = lane
      @id = lane.current
      @begun = @over = false
      @head = nil
    end

    # Sends a complete response. `hijack` takes the connection over where the response wants that; nil where that cannot be. `input` is the
    # body of the request.
    def send_response(response, hijack = nil, input = nil)
      parts = response.respond_to?(:to_ary) ? response.to_ary : nil
      raise TypeError, "The application returned #{named(response)}, expected an array of status, headers and body" unless parts&.size == 3

      status, headers, body = parts
      set_head(status, headers)
      return speak(hijack.open(raw_head), @hijack || body) if hijack && talks?(body)

      send_body(body, input)
    end

    # The application answers on a connection of its own, and has returned.
    def leave
      @over = true
      @lane.send_frame(Wire::CHUNK, EMPTY, EMPTY, Wire::END_FLAG)
    end

    # Keeps status and headers until the first bytes of the body leave with them.
    def set_head(status, headers)
      @code = status.is_a?(Integer) ? status : Integer(status.respond_to?(:to_i) ? status.to_i : status)
      raise ArgumentError, "The status is #{named(status)}, expected a whole number from 100 to 599" unless @code.between?(100, 599)

      head = (LINES[@code] || "#{@code} Unknown".b).dup
      @length = nil
      @chunked = false
      @hijack = @upgrade = nil
      @words = 0
      headers.each { |name, value| add_header(head, name.to_s, value) }
      raise ArgumentError, "A header holds a NUL" if head.count(NUL) != @words
      raise ArgumentError, "The headers have #{head.bytesize} bytes, expected at most #{Wire::MAX_HEAD_BYTES}" if head.bytesize > Wire::MAX_HEAD_BYTES

      @head = head
    end

    # Some bytes of the body.
    def write(data)
      raise IOError, "The application wrote after the end of its answer" if @over || @lane.current != @id

      data = bytes(data)
      return if data.empty?
      raise ClientGone, "The client has left" if @begun && @lane.unwanted?

      if @begun
        @lane.send_frame(Wire::CHUNK, EMPTY, data)
      else
        @begun = true
        @lane.send_frame(Wire::RESPONSE, @head, data, 0, @code)
      end
    end

    # Status and headers, before there is any of the body.
    def send_head
      return if @begun

      @begun = true
      @lane.send_frame(Wire::RESPONSE, @head, EMPTY, 0, @code)
    end

    # The end of a body that was written piece by piece.
    def finish
      return if @over
      return send_whole(EMPTY) unless @begun

      @over = true
      @lane.send_frame(Wire::CHUNK, EMPTY, EMPTY, Wire::END_FLAG)
    end

    # Tells TSGI that the request went wrong.
    def fail(line, report, flags)
      @over = true
      @lane.send_frame(Wire::FAIL, line.b, report.b, flags | Wire::END_FLAG)
    end

    # Asks for a 103 with these headers. They come too late once the answer has begun.
    def hint(headers)
      return if @head || @over || @lane.current != @id

      words = headers.flat_map { |name, value| Array(value).flat_map { |each| each.to_s.split("\n") }.flat_map { |each| [name.to_s, each] } }
      return if words.empty?

      text = words.join("\0").b
      raise ArgumentError, "An early hint holds a character that no header may hold" if text.match?(/[^\0\t\x20-\x7e\x80-\xff]/n) || text.count("\0") >= words.size

      @lane.send_frame(Wire::HINTS, EMPTY, text)
    end

    private

    def add_header(head, name, value)
      kind = KINDS[name] || kind_of(name)
      if kind != :plain
        return if kind == :server
        return @hijack = value if kind == :hijack
        raise ArgumentError, "The header \"Status\" is for CGI; the status is the first element of the response" if kind == :status
        return note_connection(name, value) if kind == :connection
      end
      return add_line(head, kind, name, value) if value.is_a?(String) && !value.include?(LINE_END)

      values = value.is_a?(Array) ? value : value.to_s.split("\n")
      values = [""] if values.empty? && !value.is_a?(Array)
      values.each { |each| add_line(head, kind, name, each.to_s) }
    end

    def add_line(head, kind, name, value)
      if kind == :length
        # An application for Rack 2 behind a middleware of Rack 3 has both, in two spellings.
        return if @length == value

        @length ||= value
      end
      @words += 2
      head << NUL << (name.ascii_only? ? name : name.b) << NUL << (value.ascii_only? ? value : value.b)
    end

    def kind_of(name)
      small = name.b.downcase
      kind = if name == "rack.hijack" then :hijack
             elsif name.start_with?("rack.") then :server
             elsif HOP_BY_HOP.include?(small) then :connection
             else { "status" => :status, "content-length" => :length }.fetch(small, :plain)
             end
      KINDS[name] = kind if KINDS.size < MOST_KINDS
      kind
    end

    # The body of an application that has chunked it itself is taken out of its chunks again: TSGI decides how it is framed.
    def note_connection(name, value)
      @upgrade = value.to_s if name.casecmp?("upgrade")
      @chunked = true if name.casecmp?("transfer-encoding") && value.to_s.casecmp?("chunked")
    end

    # Whether the rest of the response is a conversation: behind a hijacked head, or in another protocol.
    def talks?(body)
      @hijack.respond_to?(:call) || (@code == 101 && body.respond_to?(:call))
    end

    def speak(io, function)
      function.call(io)
      leave
    end

    # Status and headers as HTTP/1.1 has them, for a connection that the application has taken over.
    def raw_head
      status, *words = @head.split(NUL)
      raise ArgumentError, "A header holds a line end" if "#{@head}#{@upgrade}".b.match?(/[\r\n]/n)

      lines = words.each_slice(2).map { |name, value| "#{name}: #{value}\r\n" }
      lines << (@code == 101 ? "Connection: Upgrade\r\nUpgrade: #{@upgrade}\r\n".b : "Connection: close\r\n")
      lines << "Transfer-Encoding: chunked\r\n" if @chunked
      "HTTP/1.1 #{status}\r\n#{lines.join}\r\n"
    end

    def send_body(body, input)
      # What answers a request that is hijacked behind its headers is a streaming body by another name.
      if @hijack.respond_to?(:call)
        BodyStream.new(self, @lane, input).run(@hijack)
      elsif body.respond_to?(:to_path) && !@chunked && offer_file(body)
        finish
      elsif (parts = parts_of(body))
        send_whole(parts.size == 1 ? bytes(parts[0]) : parts.map { |part| bytes(part) }.join)
      elsif body.respond_to?(:each)
        sink = @chunked ? Unchunked.new(self) : self
        body.each { |part| sink.write(part) }
        finish
      elsif body.respond_to?(:call)
        BodyStream.new(self, @lane, input).run(body)
      else
        raise TypeError, "The application returned the body #{named(body)}, expected one with each or call"
      end
    end

    # All parts of a body that has them; nil for a stream. A streaming response of Rails has `to_ary`, which is nil then.
    def parts_of(body)
      body.to_ary if body.respond_to?(:to_ary) && !@chunked
    end

    def send_whole(data)
      @begun = @over = true
      @lane.send_answer(@head, data, @code)
    end

    # Lets TSGI send a regular file; false where it cannot.
    def offer_file(body)
      return false if @code < 200 || @code == 204 || @code == 304

      path = File.expand_path(body.to_path)
      status = File.stat(path)
      return false if !status.file? || (@length && @length.to_i != status.size)

      region = [0, status.size, status.dev, status.ino].pack("Q<4") << path.b
      @lane.send_frame(Wire::FILE, @head, region, 0, @code)
      _, _, _, flags = @lane.wait_for(0, Wire::TAKEN)
      @begun = flags & Wire::END_FLAG != 0
    rescue SystemCallError
      false
    end

    def bytes(data)
      raise TypeError, "The application returned a body with a part of the class #{data.class}, expected strings" unless data.is_a?(String)

      data.encoding == Encoding::BINARY ? data : data.b
    end

    def named(value)
      text = value.inspect
      text.length > 80 ? "#{text[0, 80]}..." : text
    end
  end

  # Takes the bytes out of the chunks that an application has made itself. Source: RFC 9112, section 7.1.
  class Unchunked
    def initialize(answer)
      @answer = answer
      @rest = String.new
      @over = false
    end

    def write(data)
      @rest << data.b
      until @over || (match = /\A(\h{1,8})[^\r\n]*\r\n/n.match(@rest)).nil?
        size = match[1].hex
        stop = match.end(0) + size + 2
        break if @rest.bytesize < stop && !size.zero?

        @over = size.zero?
        @answer.write(@rest.byteslice(match.end(0), size))
        @rest = @rest.byteslice(stop..-1) || String.new
      end
    end
  end

  # What a streaming body writes to; it may go on after `call` has returned. Source: Rack SPEC, "Streaming Body".
  class BodyStream
    # How often it looks whether the client is still there, while the body is silent.
    LOOK_SECONDS = 0.5

    # `input` is the body of the request.
    def initialize(answer, lane, input)
      @answer = answer
      @lane = lane
      @input = input
      @lock = Mutex.new
      @changed = ConditionVariable.new
      @closed = false
    end

    # Runs a body to the end of its stream.
    def run(body)
      # The client is told before the body does anything, as in Puma: an EventSource waits for it.
      @answer.send_head
      body.call(self)
      @lock.synchronize do
        until @closed
          @changed.wait(@lock, LOOK_SECONDS)
          raise ClientGone, "The client has left" if !@closed && @lane.unwanted?
        end
      end
      @answer.finish
    end

    def write(*parts)
      raise IOError, "closed stream" if @closed

      parts.sum do |part|
        @answer.write(part.to_s)
        part.to_s.bytesize
      end
    end

    alias syswrite write

    def <<(part)
      write(part)
      self
    end

    def read(*arguments)
      @input&.read(*arguments)
    end

    def flush
      self
    end

    def close(*)
      @lock.synchronize do
        @closed = true
        @changed.signal
      end
      nil
    end
    alias close_write close

    def close_read; end

    def closed?
      @closed
    end
  end
end
