"""An application for servers of Python that stand behind TSGI in tests."""
import hashlib
import json


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/body":
        data = read(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d %s %s" % (len(data), hashlib.sha1(data).hexdigest().encode(), environ.get("CONTENT_LENGTH", "").encode())]
    if path == "/status":
        start_response("418 I'm a teapot", [("Content-Type", "text/plain"), ("X-Two", "a"), ("X-Two", "b")])
        return [b""]
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    if path == "/big":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (b"x" * 1_000_000 for _ in range(20))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({key: value for key, value in environ.items() if isinstance(value, str)}).encode()]


def read(environ):
    length = environ.get("CONTENT_LENGTH")
    if length:
        data = b""
        while len(data) < int(length):
            piece = environ["wsgi.input"].read(int(length) - len(data))
            if not piece:
                break
            data += piece
        return data
    return environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else b""
