"""Answers that are complete before the application is done with their request, one way per path."""

import itertools
import time

count = itertools.count(1)


class Body:
    """An iterable that goes on in close()."""

    def __init__(self, close):
        self.chunks = iter([b"ok"])
        self.close = close

    def __iter__(self):
        return self.chunks


naps = []


def nap(seconds):
    def close():
        time.sleep(seconds)
        naps.append(seconds)

    return close


def size_of(stream):
    total = 0
    while True:
        data = stream.read(100_000)
        if not data:
            return total
        total += len(data)


def burn(milliseconds):
    until = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < until:
        pass


def application(environ, start_response):
    path = environ["PATH_INFO"]
    number = next(count)
    if path == "/burns":
        burn(11 + number % 13)
    if path == "/refuses":
        start_response("401 Unauthorized", [])
        return [b"refused"]
    if path in ("/counts", "/counts-whole", "/done"):
        stream = environ["wsgi.input"]
        size = len(naps) if path == "/done" else size_of(stream) if path == "/counts" else len(stream.read())
        start_response("200 OK", [])
        return [b"%d" % size]
    start_response("200 OK", [("Content-Length", "2")])
    if path == "/naps":
        return Body(nap(float(environ["QUERY_STRING"] or "0.02")))
    if path == "/writes":
        return Body(lambda: environ["wsgi.errors"].write("closed\n"))
    if path == "/hints":
        return Body(lambda: environ["wsgi.early_hints"]([("Link", "</late.css>; rel=preload")]))
    return [b"ok"]
