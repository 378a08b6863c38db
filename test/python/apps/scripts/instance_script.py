"""The application is an instance with __call__, from a file beside this one, in two layers of middleware."""

from wsgiref.simple_server import make_server

from neighbour import greeting


class Marks:
    """Counts itself into a key of its own, which is no string."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        environ["neighbour.layers"] = environ.get("neighbour.layers", 0) + 1
        return self.inner(environ, start_response)


greeting = Marks(greeting)
greeting = Marks(greeting)

httpd = make_server("", 8804, greeting)
httpd.serve_forever()
