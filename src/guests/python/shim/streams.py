"""Streams of the environ, and `wsgi.file_wrapper`."""

import io
import struct

from .wire import BODY, END, GONE, HEADER, PIECE_BYTES, READ, ClientGone


class EmptyInput:
    """`wsgi.input` of a request without a body; it has no state, so all requests share one."""

    __slots__ = ()
    closed = False

    def read(self, size=-1):
        return b""

    def readline(self, size=-1):
        return b""

    def readlines(self, hint=-1):
        return []

    def readinto(self, buffer):
        return 0

    def readable(self):
        return True

    def close(self):
        pass

    def __iter__(self):
        return iter(())


class StreamInput(io.RawIOBase):
    """Reads a body that was too long to be buffered before dispatch, piece by piece."""

    def __init__(self, response):
        self._response = response
        self._piece = b""
        self._at_end = False

    def readable(self):
        return True

    def readinto(self, buffer):
        size = len(buffer)
        if not self._piece:
            if self._at_end or not size:
                return 0
            self._piece = self._pull(min(max(size, io.DEFAULT_BUFFER_SIZE), PIECE_BYTES))
        piece = self._piece[:size]
        self._piece = self._piece[size:]
        buffer[: len(piece)] = piece
        return len(piece)

    def readall(self):
        pieces = [self._piece]
        self._piece = b""
        while not self._at_end:
            pieces.append(self._pull(PIECE_BYTES))
        return b"".join(pieces)

    def _pull(self, size):
        response = self._response
        lane = response.lane
        response.check_open("This input")
        lane.send(HEADER.pack(4, response.request_id, 0, READ, 0, 0) + struct.pack("<I", size))
        flags, _, piece = lane.wait(response.request_id, BODY)[1:4]
        if flags & GONE:
            self._at_end = True
            raise ClientGone("The client left before its request was complete")
        if flags & END:
            self._at_end = True
        return piece


class ErrorsStream:
    """`wsgi.errors`: text for the error log, attributed to the lane's current request."""

    __slots__ = ("_lane", "encoding")

    def __init__(self, lane):
        self._lane = lane
        self.encoding = "utf-8"

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("wsgi.errors takes str, not %s" % type(text).__name__)
        if text:
            self._lane.log(text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True


class FileWrapper:
    """`wsgi.file_wrapper`: TSGI sends a real file itself; anything else is read block by block."""

    def __init__(self, filelike, block_size=65536):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.block_size)
        if data:
            return data
        raise StopIteration
