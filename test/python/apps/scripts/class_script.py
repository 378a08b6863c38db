"""The application is a class: each request constructs one, and iterates over it."""

from wsgiref.simple_server import make_server


class Answer:
    def __init__(self, environ, start_response):
        self.path = environ["PATH_INFO"]
        self.start_response = start_response

    def __iter__(self):
        self.start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"an instance for "
        yield self.path.encode("latin-1")


make_server("", 8803, Answer).serve_forever()
