"""The application behind a Python filter, which runs in TSGI. Loaded only if there is one."""

import json
import struct

from .shared import SharedValue
from .wire import (
    ANSWER,
    ASK,
    CALL,
    DROP,
    END,
    FAILED,
    GIVE,
    HAS_JSON,
    HEADER,
    MAX_FRAME_BYTES,
    PIECE,
    PIECE_BYTES,
    PULL,
    REFRESH,
    to_json,
)


class InnerApplicationError(RuntimeError):
    """The application behind a Python filter, which runs in TSGI, failed."""


def encode_environ(environ):
    """The environ as NUL-separated text, its number of pairs, and whether it holds a JSON key."""
    parts = []
    others = {}
    shared = {}
    for key, value in environ.items():
        if type(value) is str:
            try:
                (key + value).encode("latin-1")
                is_plain = "\0" not in key and "\0" not in value
            except UnicodeEncodeError:
                is_plain = False
            if is_plain:
                parts.append(key)
                parts.append(value)
                continue
        elif key.startswith("wsgi."):
            continue
        elif isinstance(value, SharedValue):
            change = value.take_change()
            if change is not None:
                shared[key] = change
            continue
        try:
            json.dumps(value, default=to_json)
        except (TypeError, ValueError):
            continue
        others[key] = value
    if shared:
        others["tsgi.shared"] = shared
    if others:
        parts.append("tsgi.json")
        parts.append(json.dumps(others, default=to_json))
    parts.append("")
    return "\0".join(parts).encode("latin-1"), len(parts) // 2, bool(others)


class InnerCall:
    """One call of the inner application, and its body, which is pulled chunk by chunk, so that back-pressure reaches it."""

    calls = 0

    def __init__(self, lane, environ):
        InnerCall.calls = self.number = InnerCall.calls % 65535 + 1
        self.lane = lane
        self.response = lane.response
        self.request_id = lane.current
        self.source = environ["wsgi.input"]
        self.environ = environ
        self.first = b""
        self.is_over = False

    def send(self, kind, payload=b"", flags=0, head=0):
        self.response.check_open("The inner application")
        if len(payload) > MAX_FRAME_BYTES:
            raise ValueError("%d bytes for the inner application, expected at most %d" % (len(payload), MAX_FRAME_BYTES))
        self.lane.send(HEADER.pack(len(payload), self.request_id, head, kind, flags, self.number), payload)

    def wait(self, wanted):
        """The next frame of the response; serves the inner application's reads of the request body meanwhile."""
        while True:
            kind, flags, head, data, _ = self.lane.wait(self.request_id, wanted, ASK, FAILED, REFRESH, call=self.number)
            if kind == wanted:
                self.is_over = bool(flags & END)
                return data, head
            if kind == FAILED:
                self.is_over = True
                raise InnerApplicationError(data.decode("utf-8", "replace"))
            if kind == REFRESH:
                for key, text in json.loads(data).items():
                    if isinstance(self.environ.get(key), SharedValue):
                        self.environ[key].refresh(text)
                continue
            piece = self.source.read(min(struct.unpack("<I", data)[0], PIECE_BYTES))
            if not isinstance(piece, bytes):
                raise TypeError("wsgi.input.read() returned %s, expected bytes" % type(piece).__name__)
            self.send(GIVE, piece, 0 if piece else END)

    def __iter__(self):
        return self

    def __next__(self):
        first, self.first = self.first, b""
        while not first:
            if self.is_over:
                raise StopIteration
            self.send(PULL)
            first, _ = self.wait(PIECE)
        return first

    def close(self):
        if not self.is_over:
            self.is_over = True
            if self.response.done:
                return  # TSGI has let it go with the answer
            self.lane.out.append(HEADER.pack(0, self.request_id, 0, DROP, 0, self.number))


class InnerApplication:
    """The WSGI application that a Python filter wraps when the real one runs in TSGI."""

    def __init__(self, guest):
        self.guest = guest

    def __call__(self, environ, start_response):
        lane = getattr(self.guest.at_work, "lane", None)
        if lane is None or not lane.current:
            raise RuntimeError("The inner application can be called only from the thread that serves the request")
        call = InnerCall(lane, environ)
        text, pairs, has_json = encode_environ(environ)
        call.send(CALL, struct.pack("<I", pairs) + text, HAS_JSON if has_json else 0, 4)
        data, head = call.wait(ANSWER)
        parts = data[:head].decode("latin-1").split("\0")
        start_response(parts[0], list(zip(parts[1::2], parts[2::2])))
        if call.is_over:
            return [data[head:]]
        call.first = data[head:]
        return call
