"""Written for Python 2, where a str was bytes."""

from wsgiref.simple_server import make_server


def application(environ, start_response):
    body = "Index" if environ.get("PATH_INFO") == "/" else "Hello"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


httpd = make_server("127.0.0.1", 8051, application)
httpd.serve_forever()
