"""A lane: one socket between TSGI and one thread of this process."""

import _socket
import collections
import socket
import sys
import threading

from .streams import EmptyInput, ErrorsStream, FileWrapper
from .wire import HEADER, HEADER_SIZE, KEYED, KEYS, LOG, REQUEST, LaneClosed

RECEIVE_BYTES = 262144
# Longer log texts are sent in several frames.
LOG_CHARACTERS = 65536
# How many log lines may wait in a lane before the writer has to wait.
LOG_FRAMES = 32
LOG_FRAMES_OF_OTHERS = 1024
# How many key lists a lane remembers; fewer if there are hundreds of lanes.
KEY_LISTS = 16
KEY_LISTS_OF_MANY = 2
MANY_LANES = 64


class Lane:
    """One socket and the thread that answers on it, one request after another."""

    def __init__(self, guest, index, sock):
        self.guest = guest
        self.slot = index
        self.sock = sock
        # The same descriptor, for calls that must not wait even if gevent has replaced the socket class.
        self.raw = _socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, sock.fileno())
        self.started = guest.started
        self.memory = guest.memory
        self.kept_length, self.kept_start, self.kept_limit = guest.kept[index]
        self.kept_end = self.kept_start
        self.aborted = guest.aborted
        self.pending = collections.deque()  # requests that were received and not started
        self.mail = collections.deque()  # frames for the request that is running
        self.out = collections.deque()  # frames that have not left yet
        self.out_bytes = 0
        self.rest = b""
        self.key_lists = [None] * (KEY_LISTS if guest.threads <= MANY_LANES else KEY_LISTS_OF_MANY)
        self.filed = 0  # counts what was received, by whichever thread
        self.current = 0
        self.response = None  # of the request that is running, where there is an inner application
        self.spooled = None  # the file with the body of the request that is running
        self.has_returned = False  # the watcher has given requests back since this lane was idle
        self.lock = threading.Lock()  # whoever drains `out` holds it
        self.reading = threading.Lock()  # whoever receives holds it
        errors = ErrorsStream(self)
        self.base = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": EmptyInput(),
            "wsgi.errors": errors,
            "wsgi.multithread": guest.is_multithread,
            "wsgi.multiprocess": guest.is_multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }

    # Receiving.

    def receive(self, filed):
        """
        Blocks for bytes and files every complete frame under `pending` or `mail`. `filed` is the count from before the caller
        looked there: when the watcher has received something since, what the caller waits for may have come already.
        """
        with self.reading:
            if self.filed != filed:
                return
            data = self.sock.recv(RECEIVE_BYTES)
            if not data:
                raise LaneClosed
            self.file(data)
            missing = self.missing()
            if missing > RECEIVE_BYTES:
                pieces = [self.rest]
                self.rest = b""
                while missing:
                    piece = self.sock.recv(min(missing, 1048576))
                    if not piece:
                        raise LaneClosed
                    pieces.append(piece)
                    missing -= len(piece)
                self.file(b"".join(pieces))

    def receive_waiting(self):
        """Sorts the frames that arrived while the thread of this lane was busy; never waits."""
        if self.reading.acquire(False):
            try:
                self.file(self.raw.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT))
            except OSError:
                pass
            finally:
                self.reading.release()

    def file(self, data):
        if self.rest:
            data = self.rest + data
            self.rest = b""
        position = 0
        end = len(data)
        unpack = HEADER.unpack_from
        while end - position >= HEADER_SIZE:
            length, request_id, head, kind, flags, aux = unpack(data, position)
            start = position + HEADER_SIZE
            stop = start + length
            if stop > end:
                break
            position = stop
            if kind == REQUEST:
                # Looked up here and not when it is answered: by then the number may refer to another list.
                known = self.key_lists[aux] if flags & KEYED else aux
                self.pending.append((request_id, flags, known, data, start, start + head, stop))
            elif kind == KEYS:
                self.key_lists[aux] = self.key_list(data[start:stop])
            elif request_id == self.current:
                self.mail.append((kind, flags, head, data[start:stop], aux))
        if position < end:
            self.rest = data[position:]
        self.filed += 1  # only now: who reads the new count finds what it counts

    def key_list(self, data):
        """Stores the keys of later requests, with an environ that has them all: copies of it are filled without growing."""
        keys = tuple(map(sys.intern, data.decode("latin-1").split("\0")))
        environ = dict(self.base)
        environ.update(dict.fromkeys(keys, ""))
        return keys, environ

    def missing(self):
        """How many bytes of a partial frame are missing."""
        if len(self.rest) < HEADER_SIZE:
            return 0
        return HEADER_SIZE + HEADER.unpack_from(self.rest)[0] - len(self.rest)

    def wait(self, request_id, *kinds, call=0):
        """The next frame of one of these types (and of this inner call) for the request that is running."""
        self.flush()
        while self.current == request_id:
            filed = self.filed
            for index, frame in enumerate(tuple(self.mail)):  # the watcher may append meanwhile
                if frame[0] in kinds and frame[4] == call:
                    del self.mail[index]
                    return frame
            self.receive(filed)
        raise ValueError("The request is over")

    # Sending.

    def send(self, *parts):
        self.out.extend(parts)
        self.flush()

    def flush(self):
        with self.lock:
            # Counted first: what other threads append in the meantime is sent next time.
            pop, count = self.out.popleft, len(self.out)
            data = pop() if count == 1 else b"".join([pop() for _ in range(count)])
            self.out_bytes = 0
            try:
                self.sock.sendall(data)
            except OSError:
                raise LaneClosed from None

    def begin_keeping(self):
        """Forgets the kept responses: they have been sent."""
        self.kept_length[0] = 0
        self.kept_end = self.kept_start
        return self.kept_start

    def log(self, text):
        if len(text) > LOG_CHARACTERS:
            for start in range(0, len(text), LOG_CHARACTERS):
                self.log(text[start : start + LOG_CHARACTERS])
            return
        data = text.encode("utf-8", "backslashreplace")
        self.out.append(HEADER.pack(len(data), self.current, 0, LOG, 0, 0) + data)
        if threading.get_ident() == self.thread:
            if len(self.out) > LOG_FRAMES:
                self.flush()
            return
        self.guest.flusher.wake()
        if len(self.out) > LOG_FRAMES_OF_OTHERS:
            try:
                self.flush()
            except LaneClosed:
                pass  # nobody listens any more, and this thread is none of ours
