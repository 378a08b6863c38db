"""An application in a package, with the forms in which a target may name one."""

PLAIN = [("Content-Type", "text/plain")]


def application(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"package application"]


def app(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"package app"]


def make(greeting, times=1, *, mark=None):
    def made(environ, start_response):
        start_response("200 OK", PLAIN)
        return [("%s %d %r" % (greeting, times, mark)).encode()]

    return made


class Holder:
    nested = staticmethod(app)
