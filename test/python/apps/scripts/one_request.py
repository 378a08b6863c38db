"""Serves request by request in a loop of its own."""

from wsgiref.simple_server import WSGIServer, WSGIRequestHandler


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one at a time"]


server = WSGIServer(("127.0.0.1", 8801), WSGIRequestHandler)
server.set_app(app)
while True:
    server.handle_request()
