"""The response to one request."""

import struct

from .chunks import encoded
from .head import head_of, is_token, is_value
from .wire import CHUNK, END, HEADER, HINTS, MAX_HEAD_BYTES, RESPONSE, ClientGone

# Bodies that exceed the maximum frame size are sent in pieces of this size.
LONG_BYTES = 1 << 30


class Response:
    """The response to one request: `start_response`, `write`, and the state of what was sent."""

    __slots__ = ("lane", "request_id", "head", "sent", "done")

    def __init__(self, lane, request_id):
        self.lane = lane
        self.request_id = request_id
        self.head = None
        self.sent = -1  # bytes of the body that have left; -1 while the head has not
        self.done = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.sent >= 0:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.head is not None:
            raise AssertionError("start_response was called twice without exc_info")
        if self.done:
            raise AssertionError("start_response was called after the request was over")
        self.head = head_of(status, headers)
        return self.write

    def write(self, data):
        if not isinstance(data, bytes):
            given, data = data, encoded(data)
            if data is None:
                raise TypeError("write() was given %s, expected bytes" % type(given).__name__)
        if self.done:
            raise AssertionError("write() was called after the request was over")
        if data or self.sent < 0:
            self.send(data)

    def send(self, data):
        """Sends a non-empty chunk at once; the first one together with the head, and with `write` that one may be empty, as in wsgiref."""
        lane = self.lane
        if self.sent < 0:
            head = self.head
            if head is None:
                raise AssertionError("The application sent a body before it called start_response")
            size = len(head.data)
            try:
                header = HEADER.pack(size + len(data), self.request_id, size, RESPONSE, 0, head.code)
            except struct.error:
                self.send_long(data)
                return
            self.sent = len(data)
            lane.send(header, head.data, data)
        else:
            if lane.aborted[lane.slot] == self.request_id:
                raise ClientGone("The client left before the answer was complete")
            try:
                header = HEADER.pack(len(data), self.request_id, 0, CHUNK, 0, 0)
            except struct.error:
                self.send_long(data)
                return
            self.sent += len(data)
            lane.send(header, data)

    def send_long(self, data):
        """Sends a chunk whose length does not fit into a frame header."""
        data = memoryview(data)
        for start in range(0, len(data), LONG_BYTES):
            self.send(data[start : start + LONG_BYTES])

    def whole(self, data):
        """Writes the complete response in one frame; it is sent together with others of its batch."""
        head = self.head
        if head is None:
            raise AssertionError("The application returned without calling start_response")
        size = len(head.data)
        try:
            header = HEADER.pack(size + len(data), self.request_id, size, RESPONSE, END, head.code)
        except struct.error:
            self.send_long(data)
            self.finish()
            return
        frame = header + head.data + data
        self.sent = len(data)
        self.done = True
        lane = self.lane
        if lane.pending:
            # The next request may crash this process before this response is sent: keep a copy where TSGI finds it.
            start = lane.kept_end if lane.out else lane.begin_keeping()
            end = start + len(frame)
            if end > lane.kept_limit:
                lane.flush()
                start = lane.begin_keeping()
                end = start + len(frame)
            if end <= lane.kept_limit:
                lane.memory[start:end] = frame
                lane.kept_length[0] = end - lane.kept_start
                lane.kept_end = end
        lane.out.append(frame)
        lane.out_bytes += self.sent + size

    def finish(self):
        if self.sent < 0:
            self.whole(b"")
        else:
            self.done = True
            self.lane.out.append(HEADER.pack(0, self.request_id, 0, CHUNK, END, 0))

    def check_open(self, what):
        """Raises for a request that is already answered, and in another thread than the one that handles it."""
        if self.done or self.lane.current != self.request_id:
            raise ValueError("%s belongs to a request that is over" % what)

    def early_hints(self, headers):
        """`wsgi.early_hints`: sends a 103 with these headers. Too late once the response has started."""
        parts = []
        for name, value in headers:
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError("The early hint %r has the value %r, expected both to be str" % (name, value))
            if not is_token(name) or not is_value(value):
                raise ValueError("The early hint %r has the value %r, which no header may hold" % (name, value))
            parts += [name, value]
        text = "\0".join(parts).encode("latin-1")
        if len(text) > MAX_HEAD_BYTES:
            raise ValueError("The early hints have %d bytes, expected at most %d" % (len(text), MAX_HEAD_BYTES))
        if text and self.sent < 0 and not self.done:
            self.lane.send(HEADER.pack(len(text), self.request_id, 0, HINTS, 0, 0), text)
