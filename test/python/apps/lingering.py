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


def nap(seconds):
    return lambda: time.sleep(seconds)


def burn(milliseconds):
    until = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < until:
        pass


def application(environ, start_response):
    path = environ["PATH_INFO"]
    number = next(count)
    if path == "/burns":
        burn(11 + number % 13)
    start_response("200 OK", [("Content-Length", "2")])
    if path == "/naps":
        return Body(nap(float(environ["QUERY_STRING"] or "0.02")))
    if path == "/writes":
        return Body(lambda: environ["wsgi.errors"].write("closed\n"))
    if path == "/hints":
        return Body(lambda: environ["wsgi.early_hints"]([("Link", "</late.css>; rel=preload")]))
    return [b"ok"]
