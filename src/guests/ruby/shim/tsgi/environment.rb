# The environment of a request. Source: Rack SPEC, "The Environment".

require "stringio"
require_relative "streams"
require_relative "wire"

module TSGI
  class Environment
    # Bytes that stand for themselves in a path. Source: RFC 3986, section 3.3.
    ENCODED = %r{[^A-Za-z0-9\-._~!$&'()*+,;=:@/]}n.freeze

    QUESTION_MARK = "?".ord
    # Of the encoding of what it stands in: to split bytes at a character of another one takes twice as long.
    BETWEEN = "\0".b.freeze
    NUL = "A value of the environ holds a NUL".freeze

    # Whether the application's Rack is this version or a later one, or there is none that could mind.
    def self.rack?(*version)
      return true unless defined?(Rack) && Rack.respond_to?(:release)

      (Rack.release.split(".").map(&:to_i) <=> version) >= 0
    end

    # `hijack` says whether an application can take its connection over.
    def initialize(lane, multithread:, multiprocess:, hijack: false)
      @lane = lane
      # Before, HTTP_VERSION is the server's to say, and no header of that name; and no path but one with a slash is known.
      @is_since31 = self.class.rack?(3, 1)
      @key_lists = []
      @base = {
        "rack.version" => [1, 3].freeze,
        "rack.url_scheme" => "http",
        "rack.errors" => ErrorStream.new(lane),
        "rack.multithread" => multithread,
        "rack.multiprocess" => multiprocess,
        "rack.run_once" => false,
        "rack.hijack?" => hijack,
        "GATEWAY_INTERFACE" => "CGI/1.1",
      }.freeze
    end

    # Receives a list of keys that TSGI numbers.
    def []=(number, text)
      keys = text.split("\0", -1).map { |key| key == "wsgi.url_scheme" ? "rack.url_scheme" : -key }.freeze
      # Copies of it are filled without growing, and without hashing each key anew.
      @key_lists[number] = [keys, keys.each_with_object(@base.dup) { |key, env| env[key] = nil }.freeze].freeze
    end

    # What the number of a list stands for now.
    def [](number)
      @key_lists[number]
    end

    # The environment of a request of these parts of its frame. `known` is its number of pairs, or its list of keys.
    def of(head, body, flags, known)
      env = flags & Wire::KEYED == 0 ? pairs(head, known) : filled(head, *known)
      add_json(env) if flags & Wire::HAS_JSON != 0
      env["rack.input"] = flags & (Wire::BODY_FILE | Wire::BODY_STREAM) == 0 ? StringIO.new(body) : long_input(body, flags)
      # Where nobody can give the client the protocol that it asks for, it is not offered.
      env["rack.hijack?"] = false if env.key?("HTTP_UPGRADE") && flags & Wire::HAS_UPGRADE == 0
      env["rack.response_finished"] = []
      env["rack.after_reply"] = []
      protocol = env["SERVER_PROTOCOL"]
      env["HTTP_VERSION"] = protocol if protocol && !(@is_since31 && env["HTTP_VERSION"])
      self.class.encode_paths(env)
      env["PATH_INFO"] = "*" if @is_since31 && env["REQUEST_URI"] == "*" && env["REQUEST_PATH"].empty?
      env
    end

    # Puts both paths back into the form that Rack wants and a WSGI environ does not have: percent-encoded, as the client sent them.
    # What a middleware has changed is encoded anew. Both together are REQUEST_PATH, as Puma and WEBrick have it.
    def self.encode_paths(env)
      script, path, target = env["SCRIPT_NAME"] || "", env["PATH_INFO"] || "", env["REQUEST_URI"] || ""
      whole = script.empty? ? path : script + path
      # No string is in two places: applications change them.
      env["REQUEST_PATH"] = whole.dup
      # Most paths have nothing to encode.
      return if target == whole || (target.getbyte(whole.bytesize) == QUESTION_MARK && target.start_with?(whole))

      raw = target.sub(%r{\A[a-z][a-z0-9+.-]*://[^/?#]*}i, "")[/\A[^?#]*/]
      length = border(raw, script) if decoded(raw) == whole.b
      env["SCRIPT_NAME"], env["PATH_INFO"] = length ? [raw[0, length], raw[length..-1]] : [encoded(script), encoded(path)]
      env["REQUEST_PATH"] = env["SCRIPT_NAME"] + env["PATH_INFO"]
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

    # By a list of keys. A text ends with a NUL, so there is one word more.
    def filled(head, keys, template)
      words = head.split(BETWEEN, -1)
      size = keys.size
      raise ArgumentError, NUL if words.size != size + 1

      env = template.dup
      index = 0
      while index < size
        env[keys[index]] = words[index]
        index += 1
      end
      env
    end

    def pairs(head, number)
      words = head.split(BETWEEN, -1)
      words.pop
      raise ArgumentError, NUL if words.size != number * 2

      env = @base.dup
      words.each_slice(2) { |key, value| env[-key] = value }
      scheme = env.delete("wsgi.url_scheme")
      env["rack.url_scheme"] = scheme if scheme
      env
    end

    def add_json(env)
      values = Wire.parse(env.delete("tsgi.json"))
      values.delete("tsgi.shared")
      env.update(values)
    end

    def long_input(body, flags)
      flags & Wire::BODY_FILE != 0 ? File.open(body, "rb") : rewindable(StreamInput.new(@lane))
    end

    # Rack 2 wants every input to be read more than once.
    def rewindable(input)
      return input if self.class.rack?(3)

      require "rack/rewindable_input"
      Rack::RewindableInput.new(input)
    end
  end
end
