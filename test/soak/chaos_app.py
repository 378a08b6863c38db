"""The application for the chaos: each answer bears the id that the query string of its request gives."""

import hashlib
import tempfile
import time

# Each version of the code is another text.
VERSION = "{version}"


class Lingering:
    def __init__(self, word):
        self.word = word

    def __iter__(self):
        return iter([self.word])

    def close(self):
        time.sleep(0.02)


def stream(word):
    for _ in range(5):
        time.sleep(0.002)
        yield word


def application(environ, start_response):
    word = environ["QUERY_STRING"].encode()
    path = environ["PATH_INFO"]
    if path == "/error":
        raise RuntimeError("deliberate")
    headers = [("Content-Type", "text/plain"), ("X-Id", environ["QUERY_STRING"])]
    if path == "/hash":
        digest = hashlib.sha256()
        while True:
            piece = environ["wsgi.input"].read(65536)
            if not piece:
                break
            digest.update(piece)
        word = digest.hexdigest().encode()
    if path == "/eats":
        word = bytes(bytearray(500_000_000)[:1])
    start_response("200 OK", headers)
    if path == "/stream":
        return stream(word)
    if path == "/file":
        file = tempfile.TemporaryFile()
        file.write(word * 20000)
        file.seek(0)
        return environ["wsgi.file_wrapper"](file)
    if path == "/lingers":
        return Lingering(word)
    if path == "/burns":
        until = time.perf_counter() + 0.012
        while time.perf_counter() < until:
            pass
    if path == "/large":
        word = word * 600_000
    return [word]
