"""The wire format: frames, their types and flags, and values that JSON lacks. See docs/lane-protocol.md."""

import base64
import datetime
import struct

PROTOCOL_VERSION = 1

# Every frame starts with: payload length, request id, head length, type, flags, aux (little endian).
HEADER = struct.Struct("<IIIBBH")
HEADER_SIZE = HEADER.size
FILE_REGION = struct.Struct("<QQQQ")

# Types towards the guest: on a lane, on the control channel.
REQUEST, BODY, TAKEN, ANSWER, PIECE, ASK, FAILED, KEYS, REFRESH = 1, 2, 3, 4, 5, 6, 7, 8, 9
STOP, FORK, LIST_MODULES = 32, 33, 34
# Types from the guest: on a lane, on the control channel.
HELLO, RESPONSE, CHUNK, FAIL, LOG, READ, RETURNED, HINTS, FILE = 64, 65, 66, 67, 68, 69, 70, 71, 72
CALL, PULL, GIVE, DROP, FREE, SHARED = 73, 74, 75, 76, 77, 78
READY, BROKEN, EXITED, MODULES = 96, 97, 98, 99
# Flags.
END = 1
BODY_FILE, BODY_STREAM, HAS_JSON, HAS_HINTS, HAS_INNER, BATCHED, KEYED = 2, 4, 8, 16, 32, 64, 128
GONE, RETIRE = 2, 4

# TSGI's limits: for a head, and for a frame that is not part of a body.
MAX_HEAD_BYTES = 1048576
MAX_FRAME_BYTES = 16777216
# Size of one read of a streamed body.
PIECE_BYTES = 262144


class LaneClosed(BaseException):
    """TSGI closed the connection: there is nobody left to answer."""


class ClientGone(OSError):
    """The client disconnected before its request was complete."""


def from_json(value):
    """The `object_hook` for the output of `to_json`."""
    if len(value) == 1:
        if "tsgi:bytes" in value:
            return base64.b64decode(value["tsgi:bytes"])
        if "tsgi:int" in value:
            return int(value["tsgi:int"])
        if "tsgi:datetime" in value:
            return datetime.datetime.fromisoformat(value["tsgi:datetime"])
    return value


def to_json(value):
    """The `default` for values of the environ that JSON lacks: they are sent as tagged objects."""
    if isinstance(value, (bytes, bytearray)):
        return {"tsgi:bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime.datetime):
        return {"tsgi:datetime": value.isoformat()}
    raise TypeError
