"""An application of its own module; its body is text, as in Python 2."""


class Greeting(object):
    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return ["Good day", ", from %d layers" % environ.get("neighbour.layers", 0)]


greeting = Greeting()
