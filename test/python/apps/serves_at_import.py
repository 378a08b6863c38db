"""A module that starts its server at the bottom, without asking how it was started."""

from wsgiref.simple_server import make_server


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"imported all the same"]


server = make_server("127.0.0.1", 8051, application)
server.serve_forever()
