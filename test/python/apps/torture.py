"""Every behaviour that PEP 3333 allows an application, and many that it forbids, one per path."""

import ctypes
import json
import os
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs

TEXT = [("Content-Type", "text/plain")]
closed = []
running = []
routes = {}


def route(function):
    routes["/" + function.__name__.replace("_", "-")] = function
    return function


def query(environ, name, default):
    return parse_qs(environ["QUERY_STRING"]).get(name, [default])[0]


def application(environ, start_response):
    handler = routes.get(environ["PATH_INFO"])
    if handler is None:
        start_response("404 Not Found", list(TEXT))
        return [b"no such path"]
    return handler(environ, start_response)


class Body:
    """An iterable that counts its close()."""

    def __init__(self, name, chunks):
        self.name = name
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        closed.append(self.name)


# Legal.


@route
def hello(environ, start_response):
    start_response("200 OK", list(TEXT))
    return [b"hello"]


@route
def several_chunks(environ, start_response):
    start_response("200 OK", list(TEXT))
    return [b"one ", b"two ", b"", b"three"]


@route
def empty_list(environ, start_response):
    start_response("200 OK", list(TEXT))
    return []


@route
def write_only(environ, start_response):
    write = start_response("200 OK", list(TEXT))
    write(b"first ")
    write(b"")
    write(b"second")
    return []


@route
def write_and_return(environ, start_response):
    write = start_response("200 OK", list(TEXT))
    write(b"written ")
    return [b"returned"]


@route
def generator(environ, start_response):
    start_response("200 OK", list(TEXT))
    yield b"one "
    yield b""
    yield b"two"


@route
def lazy_start(environ, start_response):
    start_response("201 Created", list(TEXT))
    yield b"late"


@route
def class_iterable(environ, start_response):
    start_response("200 OK", list(TEXT))
    return Body("class", [b"from ", b"a class"])


@route
def complete_by_length(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "5")])
    return Body("length", [b"12345"])


@route
def fails_when_complete(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "8")])

    def chunks():
        yield b"complete"
        raise RuntimeError("deliberate, when all was sent")

    return Body("complete", chunks())


@route
def exits_in_close(environ, start_response):
    start_response("200 OK", list(TEXT))

    class Exits(Body):
        def close(self):
            sys.exit("deliberate exit in close")

    return Exits("exits", [b"closed ", b"badly"])


@route
def chatters(environ, start_response):
    while True:
        environ["wsgi.errors"].write("still here\n")
        time.sleep(0.05)


@route
def exc_info_before(environ, start_response):
    start_response("200 OK", list(TEXT))
    try:
        raise ValueError("changed my mind")
    except ValueError:
        start_response("409 Conflict", list(TEXT), sys.exc_info())
    return [b"conflict"]


@route
def status_204(environ, start_response):
    start_response("204 No Content", [])
    return []


@route
def status_304(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"x"')])
    return []


@route
def two_cookies(environ, start_response):
    start_response("200 OK", TEXT + [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9")])
    return [b"ok"]


@route
def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", environ.get("CONTENT_TYPE", "application/octet-stream"))])
    return [environ["wsgi.input"].read()]


@route
def input_methods(environ, start_response):
    stream = environ["wsgi.input"]
    result = [stream.read(3), stream.readline(), stream.readline(2), stream.readlines(1)]
    result.append([line for line in stream])
    result += [stream.read(), stream.read(5), stream.readline(), stream.readlines()]
    start_response("200 OK", list(TEXT))
    return [repr(result).encode()]


@route
def count_input(environ, start_response):
    total = 0
    while True:
        data = environ["wsgi.input"].read(65536)
        if not data:
            break
        total += len(data)
    start_response("200 OK", list(TEXT))
    return [str(total).encode()]


@route
def environ_types(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    result = {
        "is_dict": type(environ) is dict,
        "not_str": [key for key, value in environ.items() if "." not in key and type(value) is not str],
        "keys_str": all(type(key) is str for key in environ),
        "multithread": environ["wsgi.multithread"],
        "multiprocess": environ["wsgi.multiprocess"],
        "version": environ["wsgi.version"] == (1, 0) and type(environ["wsgi.version"]) is tuple,
        "terminated": environ["wsgi.input_terminated"],
        "values": {key: value for key, value in environ.items() if type(value) is str},
        "others": {key: [type(value).__name__, repr(value)] for key, value in environ.items() if key.startswith("my.")},
    }
    return [json.dumps(result).encode()]


@route
def errors(environ, start_response):
    environ["wsgi.errors"].write("to the error stream \u00e9\u4e00\n")
    environ["wsgi.errors"].writelines(["one\n", "two\n"])
    environ["wsgi.errors"].flush()
    print("to stdout")
    print("to stderr", file=sys.stderr)
    start_response("200 OK", list(TEXT))
    return [b"logged"]


@route
def file(environ, start_response):
    handle = open(__file__, "rb")
    handle.seek(int(query(environ, "from", "0")))
    start_response("200 OK", list(TEXT))
    return environ["wsgi.file_wrapper"](handle, 8192)


@route
def file_deleted(environ, start_response):
    handle = tempfile.TemporaryFile()
    handle.write(b"x" * 300000)
    handle.seek(0)
    start_response("200 OK", TEXT + [("Content-Length", "200000")])
    return environ["wsgi.file_wrapper"](handle)


@route
def file_like(environ, start_response):
    import io

    start_response("200 OK", list(TEXT))
    return environ["wsgi.file_wrapper"](io.BytesIO(b"not a real file" * 1000), 1000)


@route
def big_list(environ, start_response):
    start_response("200 OK", list(TEXT))
    return [b"x" * int(query(environ, "bytes", "1000000"))]


@route
def big_generator(environ, start_response):
    start_response("200 OK", list(TEXT))
    for _ in range(int(query(environ, "blocks", "100"))):
        yield b"y" * 65536


@route
def endless(environ, start_response):
    start_response("200 OK", list(TEXT))

    def chunks():
        while True:
            time.sleep(0.01)
            yield b"z" * 1024

    return Body("endless", chunks())


@route
def events(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(3):
        yield b"data: %d\n\n" % number
        time.sleep(0.3)


@route
def closed_names(environ, start_response):
    start_response("200 OK", list(TEXT))
    return [json.dumps(closed).encode()]


@route
def sleep(environ, start_response):
    time.sleep(float(query(environ, "seconds", "0.1")))
    start_response("200 OK", list(TEXT))
    return [query(environ, "say", "slept").encode()]


@route
def most_at_a_time(environ, start_response):
    running.append(None)
    most = len(running)
    time.sleep(0.3)
    running.pop()
    start_response("200 OK", list(TEXT))
    return [str(most).encode()]


@route
def who(environ, start_response):
    start_response("200 OK", list(TEXT))
    return [("%d %d" % (os.getpid(), threading.get_ident())).encode()]


@route
def hints(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    start_response("200 OK", list(TEXT))
    return [b"hinted"]


# Illegal.


@route
def no_start(environ, start_response):
    return [b"never announced"]


@route
def double_start(environ, start_response):
    start_response("200 OK", list(TEXT))
    start_response("200 OK", list(TEXT))
    return [b"twice"]


@route
def returns_none(environ, start_response):
    start_response("200 OK", list(TEXT))


@route
def returns_int(environ, start_response):
    start_response("200 OK", list(TEXT))
    return 42


@route
def returns_str(environ, start_response):
    start_response("200 OK", list(TEXT))
    return "text"


@route
def returns_bytes(environ, start_response):
    start_response("200 OK", list(TEXT))
    return b"bytes"


@route
def str_chunk(environ, start_response):
    start_response("200 OK", list(TEXT))
    return ["text"]


@route
def header_crlf(environ, start_response):
    start_response("200 OK", [("X-Evil", "a\r\nSet-Cookie: evil=1")])
    return [b"evil"]


@route
def header_nul(environ, start_response):
    start_response("200 OK", [("X-Evil", "a\0Set-Cookie\0evil=1")])
    return [b"evil"]


@route
def header_name(environ, start_response):
    start_response("200 OK", [("X Evil", "a")])
    return [b"evil"]


@route
def header_unicode(environ, start_response):
    start_response("200 OK", [("X-Evil", "\u010d\u010a")])
    return [b"evil"]


@route
def header_int(environ, start_response):
    start_response("200 OK", [("Content-Length", 4)])
    return [b"evil"]


@route
def header_tuple(environ, start_response):
    start_response("200 OK", (("Content-Type", "text/plain"),))
    return [b"evil"]


@route
def status_crlf(environ, start_response):
    start_response("200 OK\r\nX-Evil: 1", list(TEXT))
    return [b"evil"]


@route
def status_int(environ, start_response):
    start_response(200, list(TEXT))
    return [b"evil"]


@route
def hop_by_hop(environ, start_response):
    start_response("200 OK", TEXT + [("Connection", "close"), ("Transfer-Encoding", "chunked")])
    return [b"plain"]


@route
def write_str(environ, start_response):
    start_response("200 OK", list(TEXT))("text")
    return []


@route
def raises(environ, start_response):
    raise RuntimeError("deliberate")


@route
def raises_at_first(environ, start_response):
    start_response("200 OK", list(TEXT))
    return Body("raises-at-first", raising())


def raising():
    raise RuntimeError("deliberate at first")
    yield b""


@route
def raises_half_way(environ, start_response):
    start_response("200 OK", list(TEXT))

    def chunks():
        yield b"half of it"
        raise RuntimeError("deliberate half-way")

    return Body("half-way", chunks())


@route
def exc_info_after(environ, start_response):
    start_response("200 OK", list(TEXT))
    yield b"already out"
    try:
        raise RuntimeError("too late")
    except RuntimeError:
        start_response("500 Oops", list(TEXT), sys.exc_info())
    yield b"never sent"


@route
def too_short(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "10")])
    return [b"short"]


@route
def too_short_stream(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "10")])
    yield b"short"


@route
def too_long(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "4")])
    return Body("too-long", [b"long", b"er than said"])


# Deadly.


@route
def exits(environ, start_response):
    sys.exit("deliberate exit")


@route
def os_exit(environ, start_response):
    os._exit(7)


@route
def os_exit_half_way(environ, start_response):
    start_response("200 OK", list(TEXT))
    yield b"half of it"
    time.sleep(0.05)
    os._exit(7)


@route
def segfault(environ, start_response):
    ctypes.string_at(0)


@route
def loop(environ, start_response):
    while True:
        pass


def re_loop():
    import re

    re.match(r"(a+)+$", "a" * 64 + "b")


@route
def hold_gil(environ, start_response):
    re_loop()


@route
def eats_memory(environ, start_response):
    kept = []
    while True:
        kept.append(bytearray(10_000_000))
