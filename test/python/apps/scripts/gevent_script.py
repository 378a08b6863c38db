from gevent import monkey

monkey.patch_all()
from gevent.pywsgi import WSGIServer


def application(environ, start_response):
    import time

    time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"gevent"]


WSGIServer(("127.0.0.1", 8042), application).serve_forever()
