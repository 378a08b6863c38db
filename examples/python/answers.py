"""The three shapes of an application: a function, an instance, a class. Each is an attribute to name after the colon."""


def function(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from a function\n"]


class Answer:
    """Constructed for each request, and iterated."""

    def __init__(self, environ, start_response):
        self.start_response = start_response

    def __iter__(self):
        self.start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"from "
        yield b"a class\n"


class Service:
    """Made once, and called for each request."""

    def __init__(self, greeting):
        self.greeting = greeting

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [self.greeting.encode(), b" from an instance\n"]


instance = Service("hello")
