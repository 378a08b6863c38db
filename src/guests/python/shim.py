"""The Python side of a lane: loads one WSGI application and serves it to TSGI.

One file, standard library only, CPython 3.9 and later. The process reads its options as JSON from standard input, connects
one unix stream socket as its control channel and one per thread as a lane, and answers requests until TSGI hangs up.
The frames are described in docs/lane-protocol.md; the semantics are those of PEP 3333.
"""

import sys

sys.modules.setdefault("tsgi_guest", sys.modules[__name__])

import _socket
import ast
import base64
import collections
import collections.abc
import datetime
import faulthandler
import fcntl
import gc
import importlib
import importlib.machinery
import importlib.util
import io
import json
import mmap
import os
import re
import signal
import socket
import stat
import struct
import threading
import time
import traceback

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
NEEDS_PREPARATION = BODY_FILE | BODY_STREAM | HAS_JSON | HAS_INNER
# What may be asked of TSGI until the application is done, and so beyond an answer that is complete by its Content-Length.
CONVERSES = BODY_STREAM | HAS_INNER
GONE, RETIRE = 2, 4

# Where TSGI reads the stacks of a process that crashes, or that is asked for them; standard error is the application's.
REPORT_DESCRIPTOR = 3

RECEIVE_BYTES = 262144
FLUSH_BYTES = 65536
PIECE_BYTES = 262144
TICK_SECONDS = 0.002
HEAD_CACHE_ENTRIES = 512
HEAD_CACHE_BYTES = 8192
# What TSGI takes at most: a head, and a frame that is no part of a body.
MAX_HEAD_BYTES = 1048576
MAX_FRAME_BYTES = 16777216
# Bodies longer than a frame can be leave in pieces of this size.
LONG_BYTES = 1 << 30
# Longer texts for the log leave in several frames; a report of an exception is cut.
LOG_CHARACTERS = 65536
REPORT_CHARACTERS = 65536
# Lines that may wait in a lane before whoever writes the next one waits itself.
LOG_FRAMES = 32
LOG_FRAMES_OF_OTHERS = 1024
# Lists of keys that a lane remembers; fewer where there are hundreds of lanes.
KEY_LISTS = 16
KEY_LISTS_OF_MANY = 2
MANY_LANES = 64

HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer trailers transfer-encoding upgrade".split()
)
is_status = re.compile(r"[1-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*\Z").match
is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z").match


class LaneClosed(BaseException):
    """TSGI hung up: there is nobody left to answer."""


class ClientGone(OSError):
    """The client left before its request was complete."""


class InnerApplicationError(RuntimeError):
    """The application behind a Python filter, which runs in TSGI, failed."""


# ---------------------------------------------------------------------------------------------------------------------
# Values that are not strings travel as JSON; three types that JSON lacks are tagged.


def _from_json(value):
    if len(value) == 1:
        if "tsgi:bytes" in value:
            return base64.b64decode(value["tsgi:bytes"])
        if "tsgi:int" in value:
            return int(value["tsgi:int"])
        if "tsgi:datetime" in value:
            return datetime.datetime.fromisoformat(value["tsgi:datetime"])
    return value


def _to_json(value):
    if isinstance(value, (bytes, bytearray)):
        return {"tsgi:bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime.datetime):
        return {"tsgi:datetime": value.isoformat()}
    raise TypeError


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
            json.dumps(value, default=_to_json)
        except (TypeError, ValueError):
            continue
        others[key] = value
    if shared:
        others["tsgi.shared"] = shared
    if others:
        parts.append("tsgi.json")
        parts.append(json.dumps(others, default=_to_json))
    parts.append("")
    return "\0".join(parts).encode("latin-1"), len(parts) // 2, bool(others)


# ---------------------------------------------------------------------------------------------------------------------
# Values of the environ that live in TSGI: it is told what is done with them here, before the answer that depends on it.

MOST_SHARED_CHARACTERS = 1048576
LARGEST_INTEGER = 2**53 - 1


class Sharing:
    """The shared values of one request."""

    def __init__(self, lane, response, received):
        self.lane = lane
        self.response = response
        self.values = {key: SHARED_VALUES[kind](self, text) for key, (kind, text) in received.items()}
        self.is_announced = False

    def start_response(self, status, headers, exc_info=None):
        write = self.response.start_response(status, headers, exc_info)
        if not self.is_announced:
            self.tell()
            self.is_announced = True
        return write

    def touched(self):
        """A value was looked at for the first time; what is announced already does not tell that any more."""
        if self.is_announced:
            self.tell()

    def tell(self):
        lane, request_id = self.lane, self.response.request_id
        if self.response.done or lane.current != request_id:
            return
        changes = {key: value.take_change() for key, value in self.values.items()}
        text = ",".join("%s:%s" % (json.dumps(key), change) for key, change in changes.items() if change is not None)
        if text:
            lane.send(HEADER.pack(len(text) + 2, request_id, 0, SHARED, 0, 0), b"{%s}" % text.encode("ascii"))


class SharedValue:
    """What all of them do: note that somebody looked, and what TSGI does not know of yet."""

    def __init__(self, sharing, text):
        self._sharing = sharing
        self._text = text
        self._is_untold = self._is_seen = False

    def _see(self):
        if not self._is_seen:
            self._is_seen = self._is_untold = True
            self._sharing.touched()

    def take_change(self):
        """The change that TSGI does not know of, as JSON; None when there is none. From now on it does."""
        if not self._is_untold:
            return None
        self._is_untold = False
        return "{}"

    def refresh(self, text):
        self._text = text


class Token(SharedValue):
    """`environ["tsgi.csrf_token"]`, called, gives a token for a form, `environ["tsgi.csp_nonce"]` the nonce of a page."""

    def __call__(self):
        if not self._is_seen and self._sharing.is_announced and not self._text.startswith(" "):
            raise RuntimeError("Ask for the first token, or the nonce, before start_response is called, because the headers tell of it")
        self._see()
        return self._text.lstrip(" ")


class Session(SharedValue, collections.abc.MutableMapping):
    """`environ["tsgi.session"]`: what is remembered of a browser. Names are str, values are what JSON can carry."""

    def __init__(self, sharing, text):
        super().__init__(sharing, text)
        self._values = None
        self._assigned = set()  # names that were set or deleted; other values may have been changed in place
        self._acts = {}

    def __getitem__(self, name):
        return self._look()[name]

    def __setitem__(self, name, value):
        if not isinstance(name, str):
            raise TypeError("A name in the session is %r, expected a str" % (name,))
        check_json(name, value)
        self._change()[name] = value
        self._assigned.add(name)

    def __delitem__(self, name):
        del self._change()[name]
        self._assigned.add(name)

    def __iter__(self):
        return iter(self._look())

    def __len__(self):
        return len(self._look())

    def __repr__(self):
        return "<tsgi session %r>" % (self._look(),)

    def clear(self):
        """Forgets everything: what a log-out does."""
        self._change().clear()
        self._assigned.clear()
        self._acts = {"cleared": True}

    def renew(self):
        """Gives the session a new name and keeps what it holds: to be called when a user logs in."""
        self._change()
        self._acts["renewed"] = True

    def _look(self):
        self._see()
        if self._values is None:
            self._values = json.loads(self._text or "{}")
        return self._values

    def _change(self):
        if self._sharing.is_announced:
            raise RuntimeError("Change the session before start_response is called, not after it")
        values = self._look()
        self._is_untold = True
        return values

    def take_change(self):
        if self._values is None or self._sharing.is_announced:
            return super().take_change()
        known = {} if "cleared" in self._acts else json.loads(self._text or "{}")
        changed = {}
        for name, value in self._values.items():
            check_json(name, value)
            if name in self._assigned or name not in known or json.dumps(value) != json.dumps(known[name]):
                changed[name] = value
        deleted = [name for name in self._assigned.union(known) if name not in self._values]
        if not (changed or deleted or self._acts):
            return super().take_change()
        text = json.dumps(dict(self._acts, set=changed, deleted=deleted))
        if len(text) > MOST_SHARED_CHARACTERS:
            raise ValueError(
                "The session would take %d characters, expected at most %d" % (len(text), MOST_SHARED_CHARACTERS)
            )
        self._text = json.dumps(self._values)
        self._assigned.clear()
        self._acts = {}
        self._is_untold = False
        return text

    def refresh(self, text):
        super().refresh(text)
        self._values = None


SHARED_VALUES = {"session": Session, "token": Token}


def check_json(name, value):
    """Raises unless a value comes back from JSON as it was; tuples become lists."""
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("The session's value %r holds the number %d, expected at most 2**53 - 1" % (name, value))
    elif isinstance(value, float):
        if not abs(value) <= sys.float_info.max:
            raise ValueError("The session's value %r holds %r, which JSON cannot carry" % (name, value))
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_json(name, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("The session's value %r has a dict with the key %r, expected a str" % (name, key))
            check_json(name, item)
    else:
        raise TypeError(
            "The session's value %r holds a %s, expected what JSON can carry: str, numbers, bool, None, lists and dicts"
            % (name, type(value).__name__)
        )


# ---------------------------------------------------------------------------------------------------------------------
# Streams of the environ.


class EmptyInput:
    """`wsgi.input` of a request without a body; holds no state, so that one serves all."""

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
    """Pulls a body that was too long to be buffered before dispatch, piece by piece."""

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
    """`wsgi.errors`: text for the error log, filed under the request that the lane is working on."""

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


# ---------------------------------------------------------------------------------------------------------------------
# The response.


class Head:
    """A checked status and header list, encoded for the lane."""

    __slots__ = ("data", "code", "length", "has_body")

    def __init__(self, status, headers):
        if not isinstance(status, str):
            raise TypeError("The status is %r, expected a str such as '200 OK'" % (status,))
        if not is_status(status):
            raise ValueError("The status is %r, expected three digits, a space and a reason" % (status,))
        if type(headers) is not list:
            raise TypeError("The headers are a %s, expected a list" % type(headers).__name__)
        parts = [status]
        self.code = int(status[:3])
        self.length = None
        self.has_body = self.code >= 200 and self.code != 204 and self.code != 304
        for item in headers:
            if not isinstance(item, tuple) or len(item) != 2:
                raise TypeError("A header is %r, expected a (name, value) tuple" % (item,))
            name, value = item
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError("The header %r has the value %r, expected both to be str" % (name, value))
            if not is_token(name):
                raise ValueError("The header name %r is not a token" % (name,))
            if not is_value(value):
                raise ValueError("The header %r has the value %r, which no header may hold" % (name, value))
            lower = name.lower()
            if lower in HOP_BY_HOP:
                warn_once("hop:" + lower, "Dropped the header %r: it belongs to the server (PEP 3333)" % name)
                continue
            if lower == "content-length":
                if not (value.isascii() and value.isdigit()):
                    raise ValueError("The header 'Content-Length' has the value %r, expected digits" % value)
                if self.length is not None and self.length != int(value):
                    raise ValueError("The header 'Content-Length' is given twice with different values")
                self.length = int(value)
            elif lower == "status":
                raise ValueError("The header 'Status' is for CGI; the status goes to start_response")
            parts.append(name)
            parts.append(value)
        self.data = "\0".join(parts).encode("latin-1")
        if len(self.data) > MAX_HEAD_BYTES:
            raise ValueError("The headers have %d bytes, expected at most %d" % (len(self.data), MAX_HEAD_BYTES))


_heads = {}
_warned = set()


def warn_once(key, message):
    if key not in _warned:
        _warned.add(key)
        log("warning", message)


def log(level, message):
    """A line for the server's log; what the application writes to standard error is its own."""
    if _guest is not None:
        _guest.tell(LOG, {"level": level, "message": message})


_guest = None


def head_of(status, headers):
    """The checked head, from the cache where the same status and headers have been seen before."""
    try:
        key = (status, *headers)
        head = _heads.get(key)
    except TypeError:
        return Head(status, headers)
    if head is None or type(headers) is not list:
        head = Head(status, headers)
        if len(head.data) > HEAD_CACHE_BYTES:
            return head
        if len(_heads) >= HEAD_CACHE_ENTRIES:
            _heads.clear()
        _heads[key] = head
    return head


class Response:
    """One request's answer: `start_response`, `write`, and what has been sent so far."""

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
            if lenient_text and isinstance(data, str):
                data = encode_text(data)
            else:
                raise TypeError("write() was given %s, expected bytes" % type(data).__name__)
        if self.done:
            raise AssertionError("write() was called after the request was over")
        if data:
            self.send(data)

    def send(self, data):
        """One non-empty chunk, at once; the first takes the head with it."""
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
        """A chunk whose length does not fit into a frame's header."""
        data = memoryview(data)
        for start in range(0, len(data), LONG_BYTES):
            self.send(data[start : start + LONG_BYTES])

    def whole(self, data):
        """The complete answer in one frame; it leaves with its neighbours of the batch."""
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
            # What comes next may end this process before this answer is sent: leave it where TSGI finds it then.
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
        """Nothing may be asked of TSGI for a request that has its answer, or from another thread than the one that has it."""
        if self.done or self.lane.current != self.request_id:
            raise ValueError("%s belongs to a request that is over" % what)

    def early_hints(self, headers):
        """`wsgi.early_hints`: asks for a 103 with these headers. They come too late once the answer has begun."""
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


lenient_text = False


def encode_text(text):
    """A `str` of the body, as Python 2 programs returned it: only for scripts that are run as they are."""
    warn_once("text", "The application returned str; it is sent as bytes because this is a script run as it is")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def chunk_error(chunk):
    return TypeError(
        "The application returned a body with a chunk of type %s, expected bytes" % type(chunk).__name__
    )


# ---------------------------------------------------------------------------------------------------------------------
# The lane.


class Lane:
    """One socket and the thread that answers on it, one request after another."""

    def __init__(self, guest, index, sock):
        self.guest = guest
        self.slot = index
        self.sock = sock
        # The same descriptor, for calls that must not wait even where gevent has replaced the socket's class.
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
        """Files the frames that have come while the thread of this lane is busy; never waits."""
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
                # Found here and not when it is answered: the number may stand for another list by then.
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
        """Keys that later requests have, and an environ that has them all: a copy of it is filled without growing."""
        keys = tuple(map(sys.intern, data.decode("latin-1").split("\0")))
        environ = dict(self.base)
        environ.update(dict.fromkeys(keys, ""))
        return keys, environ

    def missing(self):
        """How much of the frame that has begun is still to come."""
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
            # Counted first: what other threads append meanwhile stays for the next time.
            pop, count = self.out.popleft, len(self.out)
            data = pop() if count == 1 else b"".join([pop() for _ in range(count)])
            self.out_bytes = 0
            try:
                self.sock.sendall(data)
            except OSError:
                raise LaneClosed from None

    def begin_keeping(self):
        """Forgets the answers that were kept: they have been sent."""
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

    # Serving.

    def serve(self):
        """Answers requests until TSGI hangs up."""
        self.thread = threading.get_ident()
        _local.lane = self
        hello = {"version": PROTOCOL_VERSION, "token": self.guest.token, "process": self.guest.process, "lane": self.slot}
        hello["thread"] = "0x%016x" % self.thread
        hello["keys"] = len(self.key_lists)
        payload = json.dumps(hello).encode()
        try:
            self.send(HEADER.pack(len(payload), 0, 0, HELLO, 0, 0) + payload)
            self.run()
        except (LaneClosed, ConnectionError):
            pass
        finally:
            self.raw.detach()
            self.sock.close()

    def run(self):
        pending, out = self.pending, self.out
        pop, flusher, answer = pending.popleft, self.guest.flusher, self.answer
        filed = self.filed
        while True:
            self.receive(filed)
            filed = self.filed
            if not flusher.is_awake and pending and (len(pending) > 1 or pending[0][1] & BATCHED):
                flusher.wake()
            while pending:
                try:
                    request = pop()
                except IndexError:
                    break
                answer(*request)
                if self.out_bytes > FLUSH_BYTES:
                    self.flush()
            if self.has_returned:
                self.has_returned = False
                out.append(HEADER.pack(0, 0, 0, FREE, 0, 0))
            if out:
                self.flush()

    def answer(self, request_id, flags, known, data, start, middle, end):
        self.current = self.started[self.slot] = request_id
        parts = data[start:middle].decode("latin-1").split("\0")
        if flags & KEYED:
            keys, environ = known
            expected = len(keys) + 1
            environ = environ.copy()
            environ.update(zip(keys, parts))
        else:
            expected = known * 2 + 1
            keys = iter(parts)
            environ = self.base.copy()
            environ.update(zip(keys, keys))
        # gunicorn's name for it, which applications ask for.
        if "REQUEST_URI" in environ:
            environ["RAW_URI"] = environ["REQUEST_URI"]
        response = Response(self, request_id)
        result = None
        try:
            if len(parts) != expected:
                raise ValueError("A value of the environ holds a NUL")
            if flags & HAS_HINTS:
                environ["wsgi.early_hints"] = response.early_hints
            start_response = response.start_response
            if flags & NEEDS_PREPARATION or middle != end:
                start_response = self.prepare(environ, response, flags, data[middle:end])
            result = self.guest.application(environ, start_response)
            if type(result) is list and response.sent < 0:
                if len(result) == 1:
                    body = result[0]
                    if type(body) is not bytes:
                        body = self.joined(result)
                else:
                    body = self.joined(result)
                response.whole(body)
                result = None
            else:
                self.stream(flags, response, result)
        except LaneClosed:
            self.close(result)
            raise
        except BaseException as error:
            self.close(result)
            if response.done:
                self.log("The application failed after its answer was complete\n" + report_of(error))
            else:
                self.fail(request_id, error)
        else:
            if result is not None:
                try:
                    close = getattr(result, "close", None)
                    if close is not None:
                        close()
                except LaneClosed:
                    raise
                except BaseException as error:
                    self.log("The body's close() failed\n" + report_of(error))
        response.done = True
        self.current = 0
        if flags & (BODY_FILE | BODY_STREAM | HAS_INNER):
            self.mail.clear()
            if flags & BODY_FILE:
                environ_input = response_input.pop(request_id, None)
                if environ_input is not None:
                    environ_input.close()

    def prepare(self, environ, response, flags, body):
        """What only some requests have: a body, values that are not strings. Gives the request's `start_response`."""
        start_response = response.start_response
        if flags & HAS_JSON:
            environ.update(json.loads(environ.pop("tsgi.json"), object_hook=_from_json))
            received = environ.pop("tsgi.shared", None)
            if received is not None:
                sharing = Sharing(self, response, received)
                environ.update(sharing.values)
                start_response = sharing.start_response
        if flags & HAS_INNER:
            self.response = response
        if flags & BODY_FILE:
            stream = open(body, "rb")
            response_input[response.request_id] = stream
            environ["wsgi.input"] = stream
        elif flags & BODY_STREAM:
            environ["wsgi.input"] = io.BufferedReader(StreamInput(response), PIECE_BYTES)
        elif body:
            environ["wsgi.input"] = io.BytesIO(body)
        return start_response

    def joined(self, chunks):
        for chunk in chunks:
            if not isinstance(chunk, bytes):
                if lenient_text and isinstance(chunk, str):
                    return b"".join(encode_text(c) if isinstance(c, str) else c for c in chunks)
                raise chunk_error(chunk)
        return b"".join(chunks)

    def stream(self, flags, response, result):
        """Any body that is not a plain list: block by block, each sent before the next is asked for."""
        if result is None:
            raise TypeError("The application returned None, expected an iterable of bytes")
        if isinstance(result, (str, bytes)):
            if not (lenient_text and isinstance(result, str)):
                raise TypeError(
                    "The application returned a bare %s, expected an iterable of bytes such as [body]"
                    % type(result).__name__
                )
            result = [encode_text(result)]
        if type(result) is FileWrapper and response.sent < 0 and self.offer_file(response, result):
            response.finish()
            return
        chunks = iter(result)
        for chunk in chunks:
            if not isinstance(chunk, bytes):
                if not (lenient_text and isinstance(chunk, str)):
                    raise chunk_error(chunk)
                chunk = encode_text(chunk)
            if not chunk:
                continue
            if response.sent < 0:
                head = response.head
                if head is not None and head.length == len(chunk) and not flags & CONVERSES:
                    # Complete by its own Content-Length: one frame, unless the iterable has more to do than a moment.
                    response.whole(chunk)
                    if not self.guest.flusher.is_awake:
                        self.guest.flusher.wake()
                    self.drain(chunks)
                    return
                if len(chunk) > PIECE_BYTES:
                    response.send(chunk)
                    continue
            response.send(chunk)
        response.finish()

    def drain(self, chunks):
        """Runs an iterable whose answer is complete to its end; more bytes than it announced are dropped, and logged."""
        surplus = 0
        for chunk in chunks:
            surplus += len(chunk)
        if surplus:
            self.log("The application returned %d bytes more than its Content-Length\n" % surplus)

    def offer_file(self, response, wrapper):
        """Lets TSGI send a regular file from the descriptor; false where it cannot."""
        try:
            descriptor = wrapper.filelike.fileno()
            position = wrapper.filelike.tell()
            status = os.fstat(descriptor)
        except (AttributeError, OSError, ValueError, TypeError):
            return False
        head = response.head
        if head is None or not stat.S_ISREG(status.st_mode) or not head.has_body:
            return False
        length = max(0, status.st_size - position)
        if head.length is not None:
            length = min(length, head.length)
        name = "/proc/%d/fd/%d" % (os.getpid(), descriptor)
        if not os.path.exists(name):
            name = getattr(wrapper.filelike, "name", None)
            if not isinstance(name, str) or len(name) > MAX_HEAD_BYTES:
                return False
            name = os.path.abspath(name)
        region = FILE_REGION.pack(position, length, status.st_dev, status.st_ino) + os.fsencode(name)
        size = len(head.data)
        self.send(HEADER.pack(size + len(region), response.request_id, size, FILE, 0, head.code), head.data, region)
        if self.wait(response.request_id, TAKEN)[1] & END:
            response.sent = length
            return True
        return False

    def close(self, result):
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.log("The body's close() failed\n" + report_of(error))

    def fail(self, request_id, error):
        if isinstance(error, ClientGone):
            flags, text = END | GONE, b""
        else:
            retires = isinstance(error, (SystemExit, KeyboardInterrupt, MemoryError)) or not isinstance(error, Exception)
            flags = END | RETIRE if retires else END
            text = report_of(error).encode("utf-8", "backslashreplace")
        self.out.append(HEADER.pack(len(text), request_id, 0, FAIL, flags, 0) + text)


response_input = {}
_local = threading.local()


def without_shim(trace):
    """The traceback from the application's first frame on."""
    while trace is not None and is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def is_own(file):
    """Whether a frame in front is of TSGI, or of the import that it has begun."""
    return os.path.dirname(file) == os.path.dirname(__file__) or file == importlib.__file__ or file.startswith("<frozen importlib")


def report_of(error):
    """The traceback, for the log: never longer than somebody would read, and whatever the exception does when it is asked."""
    try:
        text = "".join(traceback.format_exception(type(error), error, without_shim(error.__traceback__)))
    except BaseException as second:
        text = "%s, whose traceback cannot be written because of %s\n" % (type(error).__name__, type(second).__name__)
    return cut(text)


def cut(text):
    """Both ends of a report: the frames are in front, and the last line says what it was."""
    half = REPORT_CHARACTERS // 2
    if len(text) <= 2 * half:
        return text
    return "%s\n[%d characters left out]\n%s" % (text[:half], len(text) - 2 * half, text[-half:])


class Flusher:
    """Sees to it that no answer waits in a lane's buffer, and no request behind one that takes long.

    Sleeps until a lane holds something back. Then, at each tick, a lane that is still on the request of the tick before
    has its finished answers sent and its requests that were not started given back.
    """

    def __init__(self, guest):
        self.guest = guest
        self.is_awake = False
        self.event = None

    def wake(self):
        self.is_awake = True
        if self.event is None:
            self.event = threading.Event()
            threading.Thread(target=self.run, name="tsgi-flusher", daemon=True).start()
        self.event.set()

    def run(self):
        seen = {}
        while True:
            self.event.wait()
            quiet = 0
            while quiet < 50:
                time.sleep(TICK_SECONDS)
                quiet += 1
                for lane in self.guest.lanes:
                    current = lane.current
                    if current != seen.get(lane.slot):
                        seen[lane.slot] = current
                        quiet = 0
                    elif current:
                        lane.receive_waiting()
                        if lane.out or lane.pending:
                            quiet = 0
                            self.relieve(lane, current)
                    elif lane.out:
                        quiet = 0
                        self.relieve(lane, current)
            self.is_awake = False
            self.event.clear()

    def relieve(self, lane, current):
        if not lane.lock.acquire(False):
            return
        try:
            pieces = []
            while lane.out:
                try:
                    pieces.append(lane.out.popleft())
                except IndexError:
                    break
            if current and lane.pending:
                pieces += self.give_back(lane, current)
            if pieces:
                data = b"".join(pieces)
                try:
                    sent = lane.raw.send(data, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    return
                if sent < len(data):
                    lane.out.appendleft(data[sent:])
        finally:
            lane.lock.release()

    def give_back(self, lane, current):
        """
        What was not started, as a frame. FREE follows once the thread of the lane is done with what it is at. Whoever is later sees
        the other: either the thread sees `has_returned`, or we see here that it has moved on. FREE goes into `out`, which has been
        emptied before, so it comes after this frame.
        """
        lane.has_returned = True
        if lane.current != current:
            return []
        returned = []
        while lane.pending:
            try:
                returned.append(lane.pending.pop()[0])
            except IndexError:
                break
        if not returned:
            return []
        returned.reverse()
        ids = struct.pack("<%dI" % len(returned), *returned)
        return [HEADER.pack(len(ids), 0, 0, RETURNED, 0, 0) + ids]


# ---------------------------------------------------------------------------------------------------------------------
# The application behind a Python filter, which runs in TSGI.


class InnerCall:
    """One call of the inner application, and its body: pulled piece by piece, so that its back-pressure is ours."""

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
        """The next frame of the answer; gives the inner application what it asks of the request's body meanwhile."""
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

    def __call__(self, environ, start_response):
        lane = getattr(_local, "lane", None)
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


# ---------------------------------------------------------------------------------------------------------------------
# Targets.


def literal_arguments(text):
    """Positional and keyword arguments of `factory(...)`, literals only."""
    try:
        call = ast.parse("f(%s)" % text, mode="eval").body
        return (
            [ast.literal_eval(argument) for argument in call.args],
            {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords},
        )
    except (SyntaxError, ValueError):
        raise ValueError("The arguments (%s) of the factory are not literals" % text) from None


class TargetMistake(Exception):
    """A target that leads nowhere; `kind` says at what."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def did_you_mean(name, names):
    import difflib

    near = difflib.get_close_matches(name, [known for known in names if isinstance(known, str)], 1)
    return "; did you mean %r" % near[0] if near else ""


def check_file(place):
    """Says that the file of a target is missing, with the name that was meant."""
    path = os.path.abspath(place)
    if os.path.isfile(path):
        return
    if os.path.isdir(path):
        raise TargetMistake("not-found", "Cannot find %r: it is a directory, expected a file or a module" % place)
    try:
        names = os.listdir(os.path.dirname(path))
    except OSError:
        names = []
    meant = did_you_mean(os.path.basename(path), names)
    raise TargetMistake("not-found", "Cannot find %r: No such file (looked for %s)%s" % (place, path, meant))


def import_target(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        names = [os.path.splitext(entry)[0] for entry in os.listdir() if entry.endswith(".py") or os.path.isdir(entry)]
        message = "Cannot find the module %r: No module named %r" % (name, error.name)
    raise TargetMistake("not-found", message + did_you_mean(name, names))


def split_target(target):
    """`module:attribute` or `path.py:attribute` as (place, attribute or None)."""
    place, separator, attribute = target.partition(":")
    if separator and not attribute:
        raise ValueError("The target %r has no attribute after the colon" % target)
    return place, attribute or None


def load_module(place):
    """The module of a target: a dotted name, or a file."""
    if not is_file(place):
        return import_target(place)
    check_file(place)
    path = os.path.abspath(place)
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path.insert(0, os.path.dirname(path))
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == path:
        return known
    if not name.isidentifier() or name in sys.builtin_module_names or importlib.util.find_spec(name) is None:
        name = "tsgi_target_" + re.sub(r"\W", "_", name)
    elif importlib.util.find_spec(name).origin != path:
        name = "tsgi_target_" + name
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def is_file(place):
    return place.endswith((".py", ".pyw")) or "/" in place or os.path.isfile(place)


def find_attribute(module, attribute, what):
    """The object that a target names; `factory(...)` is called, a missing attribute is searched under its usual names."""
    if attribute is None:
        for name in ("application", "app"):
            if hasattr(module, name):
                return getattr(module, name)
        raise TargetMistake("no-attribute", "%s has neither 'application' nor 'app'" % what)
    arguments = None
    if attribute.endswith(")") and "(" in attribute:
        attribute, _, text = attribute[:-1].partition("(")
        arguments = literal_arguments(text)
    value = module
    for name in attribute.split("."):
        if not hasattr(value, name):
            meant = did_you_mean(name, dir(value))
            raise TargetMistake("no-attribute", "%s has no attribute %r%s" % (what, attribute, meant))
        value = getattr(value, name)
    if arguments is not None:
        value = value(*arguments[0], **arguments[1])
    return value


def load_object(target):
    place, attribute = split_target(target)
    return find_attribute(load_module(place), attribute, place)


def is_program(part):
    """Whether a target is run as a program: a file without an attribute. mod_wsgi's `.wsgi` files are imported."""
    return isinstance(part, str) and ":" not in part and is_file(part) and not part.endswith(".wsgi")


# A statement of a module, not of a function or of `if __name__ == "__main__"`, that calls what starts a server.
starts_at_import = re.compile(
    rb"^[A-Za-z_].*\b(?:run|run_simple|serve|serve_forever|handle_request|start|quickstart|block|main)\s*\(", re.M
).search


def starts_server(place):
    """Whether a module starts a server when it is imported, without being asked."""
    try:
        if not is_file(place):
            place = importlib.util.find_spec(place).origin
        with open(place, "rb") as source:
            return starts_at_import(source.read()) is not None
    except Exception:
        return False  # whoever imports it says what is wrong


def load_sibling(name):
    """A file beside this one that not every process needs: starters.py for programs that start a server, hooks.py."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    loader = importlib.machinery.SourceFileLoader("tsgi_" + name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tsgi_" + name, loader))
    sys.modules["tsgi_" + name] = module
    loader.exec_module(module)
    return module


def configure_logging(options):
    """Python's logging, as gunicorn's --log-config and --log-config-json and pserve's INI files configure it."""
    import configparser
    import logging.config

    path = options["file"]
    if options["format"] == "json":
        with open(path, "rb") as file:
            logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **json.load(file)})
        return
    if options.get("isOptional"):
        # A section of an INI file that is there for something else.
        parser = configparser.RawConfigParser(strict=False)
        parser.read(path, encoding="utf-8")
        if not parser.has_section("loggers"):
            return
    defaults = {name: value.replace("%", "%%") for name, value in (options.get("defaults") or {}).items()}
    defaults.update({"__file__": path, "here": os.path.dirname(path)})
    logging.config.fileConfig(path, defaults, disable_existing_loggers=False)


def load_part(part):
    """An application or filter: a target, or a PasteDeploy factory with its configuration."""
    if isinstance(part, str):
        return load_object(part)
    value = load_object(part["target"])
    kind = part.get("kind")
    if kind in ("appFactory", "filterFactory"):
        return value(part.get("globalConf") or {}, **(part.get("localConf") or {}))
    if kind == "filterAppFactory":
        return lambda app: value(app, part.get("globalConf") or {}, **(part.get("localConf") or {}))
    return value


# ---------------------------------------------------------------------------------------------------------------------
# The process.


class Guest:
    """This process: its options, its control channel, its lanes, and the application."""

    def __init__(self, options, memory):
        self.options = options
        self.memory = memory  # the status file
        self.token = options["token"]
        self.process = options["process"]
        self.threads = options["threads"]
        self.is_multithread = self.threads > 1
        self.is_multiprocess = bool(options["multiprocess"])
        self.application = None
        self.is_program = is_program(options.get("app"))
        self.address = None  # where a program would have served
        self.hooks = None
        self.flusher = Flusher(self)
        self.lanes = []
        self.control = None
        self.telling = threading.Lock()
        self.rest = b""
        self.is_stopping = False
        self.stop_event = None

    # Loading.

    def load(self):
        """The application, with its filters around it. A script may serve, and return, inside of this."""
        options = self.options
        if options.get("logging"):
            configure_logging(options["logging"])
        if options.get("hooks"):
            self.hooks = load_sibling("hooks").Hooks(options["hooks"], log)
            if self.hooks.unused and (self.process == 0 or options.get("preload")):
                log("warning", self.hooks.unused)
            if not options.get("preload"):
                self.hooks.post_fork(self.process)
        part = options.get("app")
        if part is None:
            application = InnerApplication()
        else:
            application = self.load_application(part)
        return application

    def load_application(self, part):
        arguments = self.options.get("arguments") or []
        if self.is_program:
            return load_sibling("starters").run(self, part, arguments)
        sys.argv[1:] = arguments
        if isinstance(part, str) and starts_server(split_target(part)[0]):
            with load_sibling("starters").importing(self):
                return load_part(part)
        return load_part(part)

    def wrapped(self, application):
        for part in reversed(self.options.get("filters") or []):
            application = load_part(part)(application)
        if not callable(application):
            raise TypeError("The target is %r, expected a WSGI application (something to call)" % (application,))
        return application if self.hooks is None else self.hooks.around(application)

    # Control channel.

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self.options["socket"])
        except (ConnectionRefusedError, FileNotFoundError):
            self.clear_up()
            os._exit(0)
        return sock

    def open_control(self):
        self.control = self.connect()
        self.tell(
            HELLO,
            {
                "version": PROTOCOL_VERSION,
                "token": self.token,
                "process": self.process,
                "lane": -1,
                "pid": os.getpid(),
                "python": sys.version.split()[0],
                "implementation": sys.implementation.name,
                "dumpSignal": dump_signal(),
            },
        )

    def tell(self, kind, message):
        payload = json.dumps(message, default=str).encode()
        try:
            with self.telling:
                self.control.sendall(HEADER.pack(len(payload), 0, 0, kind, 0, 0) + payload)
        except OSError:
            self.leave()

    def hear(self):
        """The next control message; None once TSGI has hung up."""
        try:
            while True:
                if len(self.rest) >= HEADER_SIZE:
                    length, _, _, kind, _, _ = HEADER.unpack_from(self.rest)
                    if len(self.rest) >= HEADER_SIZE + length:
                        payload = self.rest[HEADER_SIZE : HEADER_SIZE + length]
                        self.rest = self.rest[HEADER_SIZE + length :]
                        return kind, json.loads(payload or b"null")
                data = self.control.recv(65536)
                if not data:
                    return None
                self.rest += data
        except OSError:
            return None

    def obey(self):
        """Follows the control channel until it tells us to stop."""
        while True:
            message = self.hear()
            if message is None:
                self.leave()
            kind, _ = message
            if kind == STOP:
                self.stop()
                for lane in self.lanes:
                    try:
                        lane.sock.shutdown(socket.SHUT_RD)
                    except OSError:
                        pass
                return
            if kind == LIST_MODULES:
                self.tell(MODULES, module_files())

    def stop(self):
        """From now on this process ends by itself: it waits for its threads and runs its `atexit` functions, or is killed."""
        self.is_stopping = True
        self.watch()
        self.leave_if_alone()

    def watch(self):
        """Ends with TSGI also while the application loads or ends: nobody reads the control channel then."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGIO, lambda *_: self.leave_if_alone())
        fcntl.fcntl(self.control, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self.control, fcntl.F_SETFL, fcntl.fcntl(self.control, fcntl.F_GETFL) | os.O_ASYNC)

    def unwatch(self):
        fcntl.fcntl(self.control, fcntl.F_SETFL, fcntl.fcntl(self.control, fcntl.F_GETFL) & ~os.O_ASYNC)

    def leave_if_alone(self):
        # Not through the socket's own class, which waits where gevent has replaced it.
        control = _socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, self.control.fileno())
        try:
            if control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        finally:
            control.detach()
        self.leave()

    def leave(self):
        """Ends at once: TSGI has hung up, and nobody would wait for an answer. Clears up after it if it was killed."""
        try:
            for _ in range(10):
                # While the descriptors of a dying process are closed one after another, its socket may still take connections.
                with self.connect() as sock:
                    sock.settimeout(1)
                    try:
                        sock.recv(1)
                    except ConnectionError:
                        pass
        except OSError:
            pass
        if self.is_program:
            end_own_group()
        os._exit(0)

    def clear_up(self):
        directory = os.path.dirname(self.options["status"])
        own = os.path.join(directory, "process-%d" % os.getpid())
        for name in (self.options["socket"], self.options["status"], own):
            try:
                os.unlink(name)
            except OSError:
                pass
        try:
            os.rmdir(directory)
        except OSError:
            pass

    # Serving.

    def serve(self, application):
        """Answers requests until TSGI tells us to stop."""
        global _local
        if self.application is not None:
            # A script serves in a thread already, and its main thread has come to its end.
            threading.Event().wait()
        self.application = self.wrapped(application)
        # gevent may have replaced the classes since these were made.
        _local = threading.local()
        self.unwatch()
        self.control = socket.socket(fileno=self.control.detach())
        self.answer_requests()
        # Objects of the application are finalized when Python ends (files are deleted then), so nothing here may keep them.
        self.application = None
        gc.unfreeze()
        if threading.current_thread() is not threading.main_thread():
            # The main thread of a script waits for something that need not come: it is told as a terminal would.
            interruption.is_due = True
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def answer_requests(self):
        gc.collect()
        gc.freeze()
        if self.options.get("preload"):
            self.warn_of_threads()
            self.fork_children()
            if self.is_stopping:
                return
            if self.hooks is not None:
                self.hooks.post_fork(self.process)
        if self.hooks is not None:
            self.hooks.post_worker_init(self.application)
        self.serve_lanes()
        if self.hooks is not None:
            self.hooks.worker_exit()

    def warn_of_threads(self):
        """Threads do not survive a fork: who has started some while the application was loaded finds them dead in every process."""
        own = (threading.current_thread(), threading.main_thread())
        names = [thread.name for thread in threading.enumerate() if thread not in own and not thread.name.startswith("tsgi-")]
        if names:
            log(
                "warning",
                "The application has started threads while it was loaded: %s. With --preload they do not run in the processes that "
                "serve, because a fork does not copy them; start them in post_fork of --python-hooks, or without --preload"
                % ", ".join(names),
            )

    def serve_lanes(self):
        self.ready()
        self.take_slots()
        if self.threads == 1:
            # The main thread answers: programs that need it (signals, event loops) find themselves there.
            threading.Thread(target=self.obey, name="tsgi-control", daemon=True).start()
            lane = Lane(self, 0, self.connect())
            self.lanes = [lane]
            lane.serve()
            if not self.is_stopping:
                self.leave()
            return
        self.lanes = [Lane(self, index, self.connect()) for index in range(self.threads)]
        threads = [
            threading.Thread(target=lane.serve, name="tsgi-lane-%d" % lane.slot, daemon=True) for lane in self.lanes
        ]
        for thread in threads:
            thread.start()
        self.obey()
        for thread in threads:
            thread.join()

    def ready(self):
        hooks = [] if self.hooks is None else self.hooks.names
        self.tell(READY, {"hooks": hooks, "pid": os.getpid(), "address": self.address, "modules": module_files()})

    def take_slots(self):
        """This process's part of the status file."""
        slots, size = self.options["slots"], self.options["answerBytes"]
        words = memoryview(self.memory).cast("I")
        first = self.process * self.threads
        self.started = words[first : first + self.threads]
        self.aborted = words[slots + first : slots + first + self.threads]
        self.kept = []
        for slot in range(self.threads):
            start = slots * 8 + (first + slot) * size
            self.kept.append((words[start // 4 : start // 4 + 1], start + 4, start + size))
            self.started[slot] = self.kept[slot][0][0] = 0

    def fork_children(self):
        """The template of a preloaded application: forks at each request of TSGI, and returns only in a child."""
        self.ready()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, lambda *_: None)
            signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        import select

        while True:
            if not self.rest:
                readable, _, _ = select.select([self.control, reader], [], [], 1)
                if reader in readable:
                    os.read(reader, 4096)
                self.reap()
                if self.control not in readable:
                    continue
            message = self.hear()
            if message is None:
                self.leave()
            kind, body = message
            if kind == STOP:
                self.stop()
                return
            if kind == FORK:
                if self.hooks is not None:
                    self.hooks.pre_fork(body["process"])
                pid = os.fork()
                if pid == 0:
                    if self.is_program:
                        os.setpgid(0, 0)  # what it starts ends with it, and not with the template
                    if threading.current_thread() is threading.main_thread():
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.close(reader)
                    os.close(writer)
                    self.control.close()
                    self.telling = threading.Lock()
                    self.rest = b""
                    self.process = body["process"]
                    self.open_control()
                    reseed()
                    return

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.tell(EXITED, {"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def end_own_group():
    """Ends this process with whatever its program has started: they are told, and those that stay are killed."""
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        time.sleep(0.2)
        os.killpg(0, signal.SIGKILL)
    except OSError:
        pass


def reseed():
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def module_files():
    """The source files that are loaded now, for a watcher."""
    files = set()
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith(".py") and name != __file__:
            files.add(os.path.abspath(name))
    return sorted(files)


def dump_signal():
    """The signal that makes this process write every thread's stack to stderr, whatever it is doing."""
    return int(signal.SIGRTMAX - 3) if hasattr(signal, "SIGRTMAX") else int(signal.SIGUSR2)


def map_status(options):
    """The status file, while this process may still open it."""
    descriptor = os.open(options["status"], os.O_RDWR)
    try:
        return mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)


def limit_memory(limit):
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


class Interruption:
    """
    What SIGINT and SIGTERM do: nothing, because a supervisor may signal the whole group, and when to stop is told over the control
    channel. Except once, for the main thread of a script that serves in another one.
    """

    is_due = False

    def __call__(self, _number, _frame):
        if self.is_due:
            self.is_due = False
            raise KeyboardInterrupt


interruption = Interruption()


def prepare_process(options):
    """Directory, search path, signals and worker class, before anything of the application is loaded."""
    if options.get("directory"):
        os.chdir(options["directory"])
    # Python has put the directory of this file first, unless it was told not to (PYTHONSAFEPATH, -P, -I).
    if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
        del sys.path[0]
    sys.path.insert(0, os.getcwd())
    sys.path[:0] = [os.path.abspath(path) for path in options.get("pythonPath") or []]
    sys.argv[:] = ["tsgi"]
    os.set_inheritable(REPORT_DESCRIPTOR, False)
    faulthandler.enable(REPORT_DESCRIPTOR, all_threads=True)
    faulthandler.register(dump_signal(), REPORT_DESCRIPTOR, all_threads=True, chain=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interruption)
    if options.get("memoryLimitBytes"):
        limit_memory(options["memoryLimitBytes"])
    if options.get("workerClass") == "gevent":
        from gevent import monkey

        monkey.patch_all()


def main():
    global _guest
    options = json.loads(sys.stdin.buffer.read())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    memory = map_status(options)
    prepare_process(options)
    guest = _guest = Guest(options, memory)
    guest.open_control()
    guest.watch()
    try:
        application = guest.load()
        if not guest.is_stopping:
            guest.serve(application)
    except BaseException as error:
        if guest.is_stopping and isinstance(error, (SystemExit, KeyboardInterrupt)):
            return
        if isinstance(error, TargetMistake):
            guest.tell(BROKEN, {"message": str(error), "stack": "", "kind": error.kind})
            sys.exit(3)
        lines = traceback.format_exception_only(type(error), error)
        kind = "syntax" if isinstance(error, SyntaxError) else None
        guest.tell(BROKEN, {"message": cut("".join(lines).strip()), "stack": report_of(error), "kind": kind})
        sys.exit(3)


if __name__ == "__main__":
    main()
