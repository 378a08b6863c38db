# The environment of a request. Source: Rack SPEC, "The Environment".

require "stringio"
require_relative "streams"
require_relative "wire"

module TSGI
  class Environment
    # Bytes that stand for themselves in a path. Source: RFC 3986, section 3.3.
    ENCODED = %r{[^A-Za-z0-9\-._~!$&'()*+,;=:@/]}n.freeze

    def initialize(lane, multithread:, multiprocess:)
      @lane = lane
      @key_lists = []
      @base = {
        "rack.version" => [1, 3].freeze,
        "rack.url_scheme" => "http",
        "rack.errors" => ErrorStream.new(lane),
        "rack.multithread" => multithread,
        "rack.multiprocess" => multiprocess,
        "rack.run_once" => false,
        "rack.hijack?" => false,
        "GATEWAY_INTERFACE" => "CGI/1.1",
      }.freeze
    end

    # Receives the lists of keys that TSGI numbers.
    def []=(number, text)
      @key_lists[number] = text.split("\0", -1).map { |key| -key }
    end

    # The environment of a request of these parts of its frame.
    def of(head, body, flags, number)
      env = pairs(head, flags & Wire::KEYED == 0 ? nil : @key_lists[number], number)
      scheme = env.delete("wsgi.url_scheme")
      env["rack.url_scheme"] = scheme if scheme
      add_json(env) if flags & Wire::HAS_JSON != 0
      env["rack.input"] = input(body, flags)
      env["rack.response_finished"] = []
      env["rack.after_reply"] = []
      env["HTTP_VERSION"] ||= env["SERVER_PROTOCOL"] if env["SERVER_PROTOCOL"]
      self.class.encode_paths(env)
      env
    end

    # Puts both paths back into the form that Rack wants and a WSGI environ does not have: percent-encoded, as the client sent them.
    # What a middleware has changed is encoded anew.
    def self.encode_paths(env)
      script, path, target = env["SCRIPT_NAME"] || "", env["PATH_INFO"] || "", env["REQUEST_URI"] || ""
      whole = script + path
      # Most paths have nothing to encode.
      return if target.start_with?(whole) && [nil, "?"].include?(target[whole.size])

      raw = target.sub(%r{\A[a-z][a-z0-9+.-]*://[^/?#]*}i, "")[/\A[^?#]*/]
      length = border(raw, script) if decoded(raw) == whole.b
      env["SCRIPT_NAME"], env["PATH_INFO"] = length ? [raw[0, length], raw[length..-1]] : [encoded(script), encoded(path)]
    end

    def self.encoded(path)
      path.b.gsub(ENCODED) { |byte| format("%%%02X", byte.ord) }
    end

    def self.decoded(path)
      path.b.gsub(/%\h\h/) { |code| code[1, 2].hex.chr }
    end

    # Where in a raw path the part ends that is the script name.
    def self.border(raw, script)
      position = 0
      script.bytesize.times { position += raw[position] == "%" && raw[position, 3].match?(/\A%\h\h/) ? 3 : 1 }
      position
    end

    private

    def pairs(head, keys, number)
      words = head.split("\0", -1)
      words.pop
      raise ArgumentError, "A value of the environ holds a NUL" if words.size != (keys ? keys.size : number * 2)

      env = @base.dup
      if keys
        keys.each_with_index { |key, index| env[key] = words[index] }
      else
        words.each_slice(2) { |key, value| env[-key] = value }
      end
      env
    end

    def add_json(env)
      values = Wire.parse(env.delete("tsgi.json"))
      values.delete("tsgi.shared")
      env.update(values)
    end

    def input(body, flags)
      return File.open(body, "rb") if flags & Wire::BODY_FILE != 0
      return rewindable(StreamInput.new(@lane)) if flags & Wire::BODY_STREAM != 0

      StringIO.new(body)
    end

    # Rack 2 wants every input to be read more than once.
    def rewindable(input)
      return input if !defined?(Rack) || !Rack.respond_to?(:release) || Rack.release.to_i > 2

      require "rack/rewindable_input"
      Rack::RewindableInput.new(input)
    end
  end
end
