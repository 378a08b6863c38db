"""The workloads as a plain WSGI application."""

import time

HELLO = b"Hello, World!"
TEN_KILOBYTES = (b"The quick brown fox jumps over the lazy dog. " * 228)[: 10 * 1024]
SLEEP_SECONDS = {"/sleep50": 0.05, "/fast": 0.001, "/slow": 0.2}


def application(environ, start_response):
    path = environ["PATH_INFO"]
    kind = "text/plain"
    if path == "/hello":
        body = HELLO
    elif path == "/10k":
        body, kind = TEN_KILOBYTES, "application/octet-stream"
    elif path == "/echo":
        body, kind = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])), "application/octet-stream"
    elif path in SLEEP_SECONDS:
        time.sleep(SLEEP_SECONDS[path])
        body = HELLO
    else:
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
