"""Returns a str where a list of bytes belongs: Python 2 sent it character by character."""

from wsgiref.simple_server import make_server


def application(environ, start_response):
    body = "Start" if environ["PATH_INFO"] == "/" else "Elsewhere"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return body


make_server("127.0.0.1", 8805, application).serve_forever()
