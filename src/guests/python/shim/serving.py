"""Answers the requests of a lane, one after another."""

import io
import json
import os
import stat
import threading

from .chunks import bytes_of, encoded, joined
from .reports import report_of
from .response import Response
from .shared import Sharing
from .streams import FileWrapper, StreamInput
from .wire import (
    BATCHED,
    BODY_FILE,
    BODY_STREAM,
    END,
    FAIL,
    FILE,
    FILE_REGION,
    FREE,
    GONE,
    HAS_HINTS,
    HAS_INNER,
    HAS_JSON,
    HEADER,
    HELLO,
    KEYED,
    MAX_HEAD_BYTES,
    PIECE_BYTES,
    PROTOCOL_VERSION,
    RETIRE,
    TAKEN,
    ClientGone,
    LaneClosed,
    from_json,
)

FLUSH_BYTES = 65536
NEEDS_PREPARATION = BODY_FILE | BODY_STREAM | HAS_JSON | HAS_INNER
# Calls to TSGI that are allowed until the application is done, even after a response that is complete by its Content-Length.
CONVERSES = BODY_STREAM | HAS_INNER


def serve(lane):
    """Answers requests until TSGI closes the connection."""
    lane.thread = threading.get_ident()
    lane.guest.at_work.lane = lane
    hello = {"protocol": PROTOCOL_VERSION, "token": lane.guest.token, "process": lane.guest.process, "lane": lane.slot}
    hello["thread"] = "0x%016x" % lane.thread
    hello["keys"] = len(lane.key_lists)
    payload = json.dumps(hello).encode()
    try:
        lane.send(HEADER.pack(len(payload), 0, 0, HELLO, 0, 0) + payload)
        run(lane)
    except (LaneClosed, ConnectionError):
        pass
    finally:
        lane.raw.detach()
        lane.sock.close()


def run(lane):
    """Receives requests and answers them. Finished responses are sent at the latest when there is nothing left to do."""
    pending, out = lane.pending, lane.out
    pop, flusher = pending.popleft, lane.guest.flusher
    filed = lane.filed
    while True:
        lane.receive(filed)
        filed = lane.filed
        if not flusher.is_awake and pending and (len(pending) > 1 or pending[0][1] & BATCHED):
            flusher.wake()
        while pending:
            try:
                request_id, flags, known, data, start, middle, end = pop()
            except IndexError:
                break
            answer(lane, request_id, flags, known, data, start, middle, end)
            if lane.out_bytes > FLUSH_BYTES:
                lane.flush()
        if lane.has_returned:
            lane.has_returned = False
            out.append(HEADER.pack(0, 0, 0, FREE, 0, 0))
        if out:
            lane.flush()


def answer(lane, request_id, flags, known, data, start, middle, end):
    """Answers one request, whose bytes are received from `start` to `end`."""
    lane.current = lane.started[lane.slot] = request_id
    parts = data[start:middle].decode("latin-1").split("\0")
    if flags & KEYED:
        keys, environ = known
        expected = len(keys) + 1
        environ = environ.copy()
        environ.update(zip(keys, parts))
    else:
        expected = known * 2 + 1
        keys = iter(parts)
        environ = lane.base.copy()
        environ.update(zip(keys, keys))
    # gunicorn's key for it, which applications look for.
    if "REQUEST_URI" in environ:
        environ["RAW_URI"] = environ["REQUEST_URI"]
    response = Response(lane, request_id)
    result = None
    try:
        if len(parts) != expected:
            raise ValueError("A value of the environ holds a NUL")
        if flags & HAS_HINTS:
            environ["wsgi.early_hints"] = response.early_hints
        start_response = response.start_response
        if flags & NEEDS_PREPARATION or middle != end:
            start_response = prepare(lane, environ, response, flags, data[middle:end])
        result = lane.guest.application(environ, start_response)
        if type(result) is list and response.sent < 0:
            if len(result) == 1:
                body = result[0]
                if type(body) is not bytes:
                    body = joined(result)
            else:
                body = joined(result)
            response.whole(body)
            result = None
        else:
            stream(lane, flags, response, result)
    except LaneClosed:
        close_after_failure(lane, result)
        raise
    except BaseException as error:
        close_after_failure(lane, result)
        if response.done:
            lane.log("The application failed after its answer was complete\n" + report_of(error))
        else:
            fail(lane, request_id, error)
    else:
        if result is not None:
            try:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
            except LaneClosed:
                raise
            except BaseException as error:
                lane.log("The body's close() failed\n" + report_of(error))
    response.done = True
    lane.current = 0
    if flags & (BODY_FILE | BODY_STREAM | HAS_INNER):
        lane.mail.clear()
        if flags & BODY_FILE:
            spooled, lane.spooled = lane.spooled, None
            if spooled is not None:
                spooled.close()


def prepare(lane, environ, response, flags, body):
    """Handles parts that only some requests have: a body, values that are not strings. Returns `start_response`."""
    start_response = response.start_response
    if flags & HAS_JSON:
        environ.update(json.loads(environ.pop("tsgi.json"), object_hook=from_json))
        received = environ.pop("tsgi.shared", None)
        if received is not None:
            sharing = Sharing(lane, response, received)
            environ.update(sharing.values)
            start_response = sharing.start_response
    if flags & HAS_INNER:
        lane.response = response
    if flags & BODY_FILE:
        environ["wsgi.input"] = lane.spooled = open(body, "rb")
    elif flags & BODY_STREAM:
        environ["wsgi.input"] = io.BufferedReader(StreamInput(response), PIECE_BYTES)
    elif body:
        environ["wsgi.input"] = io.BytesIO(body)
    return start_response


def stream(lane, flags, response, result):
    """Sends a body that is not a plain list: chunk by chunk, each before the next one is requested."""
    if result is None:
        raise TypeError("The application returned None, expected an iterable of bytes")
    if isinstance(result, (str, bytes)):
        text = encoded(result)
        if text is None:
            raise TypeError(
                "The application returned a bare %s, expected an iterable of bytes such as [body]"
                % type(result).__name__
            )
        result = [text]
    if type(result) is FileWrapper and response.sent < 0 and offer_file(lane, response, result):
        response.finish()
        return
    chunks = iter(result)
    for chunk in chunks:
        if not isinstance(chunk, bytes):
            chunk = bytes_of(chunk)
        if not chunk:
            continue
        if response.sent < 0:
            head = response.head
            if head is not None and head.length == len(chunk) and not flags & CONVERSES:
                # Complete by its own Content-Length: one frame, unless the iterable takes longer than a moment to end.
                response.whole(chunk)
                if not lane.guest.flusher.is_awake:
                    lane.guest.flusher.wake()
                drain(lane, chunks)
                return
            if len(chunk) > PIECE_BYTES:
                response.send(chunk)
                continue
        response.send(chunk)
    response.finish()


def drain(lane, chunks):
    """Exhausts an iterable whose response is complete; surplus bytes are dropped and logged."""
    surplus = 0
    for chunk in chunks:
        surplus += len(chunk)
    if surplus:
        lane.log("The application returned %d bytes more than its Content-Length\n" % surplus)


def offer_file(lane, response, wrapper):
    """Lets TSGI send a regular file from the descriptor; false if it cannot."""
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
    lane.send(HEADER.pack(size + len(region), response.request_id, size, FILE, 0, head.code), head.data, region)
    if lane.wait(response.request_id, TAKEN)[1] & END:
        response.sent = length
        return True
    return False


def close_after_failure(lane, result):
    close = getattr(result, "close", None)
    if close is not None:
        try:
            close()
        except BaseException as error:
            lane.log("The body's close() failed\n" + report_of(error))


def fail(lane, request_id, error):
    if isinstance(error, ClientGone):
        flags, text = END | GONE, b""
    else:
        retires = isinstance(error, (SystemExit, KeyboardInterrupt, MemoryError)) or not isinstance(error, Exception)
        flags = END | RETIRE if retires else END
        text = report_of(error).encode("utf-8", "backslashreplace")
    lane.out.append(HEADER.pack(len(text), request_id, 0, FAIL, flags, 0) + text)
