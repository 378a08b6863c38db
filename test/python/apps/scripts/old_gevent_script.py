from gevent.wsgi import WSGIServer


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"old gevent"]


httpd = WSGIServer(("", 5000), app)
httpd.serve_forever()
