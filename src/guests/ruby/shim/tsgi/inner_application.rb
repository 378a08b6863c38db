# The application behind a Ruby filter, which runs in TSGI: it is called over the lane. Loaded where there is one.
# Source: docs/lane-protocol.md, "Inner applications".

require_relative "environment"
require_relative "wire"

module TSGI
  # As a Rack application.
  class InnerApplication
    def call(env)
      # Variables of the thread: what `[]` has belongs to its fiber, and a middleware may go on in one of its own.
      thread = Thread.current
      lane = thread.thread_variable_get(:tsgi_lane)
      raise "The inner application can be called only from the thread that serves the request" if lane.nil? || lane.current.zero?

      number = thread.thread_variable_get(:tsgi_calls).to_i % 65_535 + 1
      thread.thread_variable_set(:tsgi_calls, number)
      InnerCall.new(lane, number, env["rack.input"]).begin(env)
    end
  end

  # One call, and its body: pulled piece by piece, so that its back-pressure is ours.
  class InnerCall
    # What is made here of other keys.
    OWN_KEYS = %w[HTTP_VERSION GATEWAY_INTERFACE REQUEST_PATH].freeze

    def initialize(lane, number, input)
      @lane = lane
      @id = lane.current
      @number = number
      @input = input
      @over = false
    end

    # Calls the application. Returns its response.
    def begin(env)
      text, pairs, has_json = encode(env)
      send(Wire::CALL, [pairs].pack("V"), text, has_json ? Wire::HAS_JSON : 0)
      head, @first = wait(Wire::ANSWER)
      status, *words = head.split("\0", -1)
      [Integer(status[0, 3], 10), headers(words), @over ? [@first] : self]
    end

    def each
      loop do
        yield @first unless @first.empty?
        break if @over

        send(Wire::PULL, "".b, "".b)
        _, @first = wait(Wire::PIECE)
      end
    end

    def close
      return if @over

      @over = true
      # TSGI has let it go with the answer, if that is complete.
      send(Wire::DROP, "".b, "".b) if @lane.current == @id
    end

    private

    # As both versions of Rack take them: a header that comes twice is one text of several lines for Rack 2, an array for Rack 3.
    def headers(words)
      rack3 = Environment.rack?(3)
      names = {}
      words.each_slice(2).each_with_object({}) do |(name, value), headers|
        key = names[name.downcase] ||= rack3 ? name.downcase : name
        before = headers[key]
        headers[key] = if before.nil? then value
                       elsif rack3 then [*before, value]
                       else "#{before}\n#{value}"
                       end
      end
    end

    def send(type, head, body, flags = 0)
      raise IOError, "The inner application belongs to a request that is over" if @lane.current != @id
      raise ArgumentError, "#{body.bytesize} bytes for the inner application, expected at most #{Wire::MAX_FRAME_BYTES}" if body.bytesize > Wire::MAX_FRAME_BYTES

      @lane.send_frame(type, head, body, flags, @number)
    end

    # The next frame of the answer. Meanwhile the inner application gets what it asks of the request's body.
    def wait(wanted)
      loop do
        type, head, body, flags = @lane.wait_for(@number, wanted, Wire::ASK, Wire::FAILED, Wire::REFRESH)
        if type == wanted
          @over = true if flags & Wire::END_FLAG != 0
          return head, body
        end
        if type == Wire::FAILED
          @over = true
          raise "The application behind the filter failed: #{body.force_encoding(Encoding::UTF_8).scrub('?')}"
        end
        give(body.unpack1("V")) if type == Wire::ASK
      end
    end

    def give(wanted)
      piece = @input&.read([wanted, Wire::PIECE_BYTES].min)
      send(Wire::GIVE, "".b, (piece || "").b, piece.nil? || piece.empty? ? Wire::END_FLAG : 0)
    end

    # The environment as text, its number of pairs, and whether it has values that are not strings.
    def encode(env)
      words = []
      others = {}
      env.each do |key, value|
        next if value.nil? || key.start_with?("rack.") || OWN_KEYS.include?(key)

        if value.is_a?(String)
          # The paths of a WSGI environ are decoded.
          value = Environment.decoded(value) if %w[PATH_INFO SCRIPT_NAME].include?(key)
          value.include?("\0") ? others[key] = value : words << key.b << value.b
        elsif plain?(value)
          others[key] = value
        end
      end
      words << "wsgi.url_scheme" << env["rack.url_scheme"].to_s.b
      words << "tsgi.json" << JSON.generate(others, ascii_only: true) unless others.empty?
      [words.map { |word| "#{word}\0" }.join.b, words.size / 2, !others.empty?]
    end

    # Whether JSON has such values: others stay what they are on TSGI's side.
    def plain?(value)
      case value
      when true, false, Integer, String then true
      when Float then value.finite?
      when Array then value.all? { |each| each.nil? || plain?(each) }
      when Hash then value.all? { |key, each| key.is_a?(String) && (each.nil? || plain?(each)) }
      else false
      end
    end
  end
end
