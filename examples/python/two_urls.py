"""Two URLs, a server of the standard library, and a layer around the application. Python runs it as well: `python two_urls.py`."""

from wsgiref.simple_server import make_server


def application(environ, start_response):
    """The index at the root; elsewhere a greeting for whom the path names, in any alphabet."""
    name = environ["PATH_INFO"][1:].encode("latin-1").decode("utf-8", "replace")
    body = ("Hello, %s!\n" % name if name else "Index, seen %d times\n" % environ["example.visits"]).encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


class CountsVisits:
    """Middleware: adds a key to the environ, and calls the application that it wraps."""

    def __init__(self, inner):
        self.inner = inner
        self.visits = 0

    def __call__(self, environ, start_response):
        self.visits += 1
        environ["example.visits"] = self.visits
        return self.inner(environ, start_response)


httpd = make_server("127.0.0.1", 8051, CountsVisits(application))
print("Serving on port %d" % httpd.server_port)
httpd.serve_forever()
