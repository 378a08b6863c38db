# What both sides of a socket agree on: frames, their types and flags, values that JSON lacks. Source: docs/lane-protocol.md.

require "json"

module TSGI
  module Wire
    PROTOCOL_VERSION = 1
    # Payload length, request id, head length, type, flags, aux.
    HEADER = "VVVCCv"
    HEADER_BYTES = 16

    # Types towards the guest: on a lane, on the control channel.
    REQUEST, BODY, TAKEN, ANSWER, PIECE, ASK, FAILED, KEYS, REFRESH = *1..9
    STOP, FORK, LIST_MODULES = *32..34
    # Types from the guest: on a lane, on the control channel.
    HELLO, RESPONSE, CHUNK, FAIL, LOG, READ, RETURNED, HINTS, FILE = *64..72
    CALL, PULL, GIVE, DROP, FREE = *73..77
    READY, BROKEN, EXITED, MODULES = *96..99
    # Flags.
    END_FLAG = 1
    HAS_UPGRADE = 1
    BODY_FILE, BODY_STREAM, HAS_JSON, HAS_HINTS, HAS_INNER, KEYED = 2, 4, 8, 16, 32, 128
    GONE, RETIRE = 2, 4

    # What TSGI takes at most: a head, and a frame that is no part of a body.
    MAX_HEAD_BYTES = 1_048_576
    MAX_FRAME_BYTES = 16_777_216
    # A piece of a body that is pulled.
    PIECE_BYTES = 262_144

    # A frame. Head and body are bytes.
    def self.frame(type, id, head, body, flags = 0, aux = 0)
      [head.bytesize + body.bytesize, id, head.bytesize, type, flags, aux].pack(HEADER) << head << body
    end

    # The values of a JSON text, with what JSON lacks made of its tagged objects.
    def self.parse(text)
      untagged(JSON.parse(text))
    end

    def self.untagged(value)
      case value
      when Array then value.map { |each| untagged(each) }
      when Hash
        if value.size == 1
          return value["tsgi:bytes"].unpack1("m") if value.key?("tsgi:bytes")
          return Integer(value["tsgi:int"], 10) if value.key?("tsgi:int")
          return value["tsgi:datetime"] if value.key?("tsgi:datetime")
        end
        value.transform_values { |each| untagged(each) }
      else value
      end
    end
  end

  # TSGI hung up: there is nobody left to answer. No application rescues it by accident.
  class LaneClosed < Exception; end

  # The client left before its request was complete.
  class ClientGone < IOError; end
end
