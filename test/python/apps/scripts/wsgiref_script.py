"""Prints, makes a server and serves until it is stopped."""

from wsgiref.simple_server import make_server


def greet(environ, start_response):
    start_response("200 OK", [("Content-type", "text/html")])
    rows = "".join("<tr><td>%s</td><td>%s</td></tr>" % item for item in environ.items())
    return [bytes("<table>%s</table> main=%s" % (rows, __name__), "utf-8")]


if __name__ == "__main__":
    print("Serving on port 8800...")
    with make_server("", 8800, greet) as httpd:
        httpd.serve_forever()
