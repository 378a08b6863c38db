"""TSGI's side of a lane, for tests: a real socket whose other end is a real lane, in this process."""

import socket
import threading
import types

from .. import serving
from ..flusher import Flusher
from ..lane import Lane
from ..wire import FREE, HEADER, HEADER_SIZE, KEYED, KEYS, LOG, REQUEST

KEPT_BYTES = 256


class Frame(types.SimpleNamespace):
    """One frame that came from the guest."""

    @property
    def head(self):
        return self.payload[: self.head_length].decode("latin-1").split("\0")

    @property
    def body(self):
        return self.payload[self.head_length :]

    @property
    def text(self):
        return self.payload.decode("utf-8")


class Host:
    """A lane and what TSGI does with it."""

    def __init__(self, application=None, threads=1):
        self.memory = bytearray(8 * threads + threads * KEPT_BYTES)
        words = memoryview(self.memory).cast("I")
        self.guest = types.SimpleNamespace(
            threads=threads,
            memory=self.memory,
            started=words[:threads],
            aborted=words[threads : 2 * threads],
            kept=[(words[2 * threads : 2 * threads + 1], 8 * threads + 4, 8 * threads + KEPT_BYTES)],
            is_multithread=False,
            is_multiprocess=False,
            token="secret",
            process=0,
            application=application,
            at_work=threading.local(),
        )
        self.guest.flusher = Flusher(self.guest)
        self.guest.flusher.is_awake = True  # asleep for good: it is called where it is tested
        self.sock, theirs = socket.socketpair()
        self.lane = Lane(self.guest, 0, theirs)
        self.lane.thread = threading.get_ident()
        self.guest.at_work.lane = self.lane
        self.guest.lanes = [self.lane]
        self.rest = b""

    def close(self):
        self.sock.close()
        self.lane.raw.detach()
        self.lane.sock.close()

    # What TSGI sends.

    def send(self, kind, payload=b"", request_id=1, head=0, flags=0, aux=0):
        self.sock.sendall(frame(kind, payload, request_id, head, flags, aux))

    def request(self, environ=(("REQUEST_METHOD", "GET"),), body=b"", request_id=1, flags=0, pairs=None):
        environ = list(environ)
        text = b"".join(("%s\0%s\0" % pair).encode("latin-1") for pair in environ)
        aux = len(environ) if pairs is None else pairs
        self.send(REQUEST, text + body, request_id, len(text), flags, aux)

    def keys(self, number, *names):
        self.send(KEYS, "\0".join(names).encode("latin-1"), request_id=0, aux=number)

    def keyed(self, number, *values, request_id=1):
        text = b"".join(value.encode("latin-1") + b"\0" for value in values)
        self.send(REQUEST, text, request_id, len(text), KEYED, number)

    # What the guest does with it.

    def receive(self):
        self.lane.receive(self.lane.filed)

    def answer(self, *frames):
        """Answers what has come; `frames` come while the application is at work. Gives the frames of the answer."""
        self.receive()
        for each in frames:
            self.sock.sendall(each)
        while self.lane.pending:
            serving.answer(self.lane, *self.lane.pending.popleft())
        return self.frames()

    def call(self, application, *frames, **request):
        """The frames of one request's answer."""
        self.guest.application = application
        self.request(**request)
        return self.answer(*frames)

    # What TSGI hears.

    def frames(self):
        """All frames that the guest has sent by now."""
        if self.lane.out:
            self.lane.flush()
        self.sock.setblocking(False)
        try:
            while True:
                data = self.sock.recv(1 << 20)
                if not data:
                    break
                self.rest += data
        except BlockingIOError:
            pass
        finally:
            self.sock.setblocking(True)
        return self._complete()

    def next_frame(self):
        """Waits for one frame."""
        self.sock.settimeout(30)
        while True:
            if len(self.rest) >= HEADER_SIZE:
                length = HEADER.unpack_from(self.rest)[0]
                if len(self.rest) >= HEADER_SIZE + length:
                    data, self.rest = self.rest[: HEADER_SIZE + length], self.rest[HEADER_SIZE + length :]
                    return frames_of(data)[0]
            data = self.sock.recv(1 << 20)
            if not data:
                raise EOFError("The guest has hung up")
            self.rest += data

    def _complete(self):
        frames = frames_of(self.rest)
        self.rest = self.rest[sum(HEADER_SIZE + len(each.payload) for each in frames) :]
        return frames

    def log(self, frames):
        """The text for the log in some frames."""
        return "".join(each.text for each in frames if each.kind == LOG)


def frame(kind, payload=b"", request_id=1, head=0, flags=0, aux=0):
    """The bytes of a frame."""
    return HEADER.pack(len(payload), request_id, head, kind, flags, aux) + payload


def frames_of(data):
    """The complete frames in some bytes."""
    frames, position = [], 0
    while len(data) - position >= HEADER_SIZE:
        length, request_id, head, kind, flags, aux = HEADER.unpack_from(data, position)
        start = position + HEADER_SIZE
        if start + length > len(data):
            break
        payload = data[start : start + length]
        frames.append(Frame(kind=kind, request_id=request_id, head_length=head, flags=flags, aux=aux, payload=payload))
        position = start + length
    return frames


def kinds(frames):
    return [each.kind for each in frames]


def answered(frames):
    """Without FREE, which does not belong to a request."""
    return [each for each in frames if each.kind != FREE]
