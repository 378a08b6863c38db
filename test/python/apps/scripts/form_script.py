"""Reads a form by its Content-Length, as programs did that knew CGI."""

from urllib.parse import parse_qs
from wsgiref.simple_server import make_server


def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    form = parse_qs(environ["wsgi.input"].read(length).decode(), keep_blank_values=True)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(sorted(form.items())).encode()]


make_server("", 8807, application).serve_forever()
