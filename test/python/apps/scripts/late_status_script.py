"""A layer outside replaces what the layers inside have announced: the head leaves with the first byte only."""

import sys
from wsgiref.simple_server import make_server


def slow_start(environ, start_response):
    start_response("202 Accepted", [("Content-Type", "text/plain")])
    yield b""
    raise RuntimeError("the work could not be done")


def pretty_errors(inner):
    def application(environ, start_response):
        try:
            yield from inner(environ, start_response)
        except RuntimeError as error:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")], sys.exc_info())
            yield ("Sorry: %s" % error).encode()

    return application


make_server("127.0.0.1", 8806, pretty_errors(slow_start)).serve_forever()
