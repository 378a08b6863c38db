"""Serves in a thread, and waits in the main one."""

import threading
import time
from wsgiref.simple_server import make_server


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from a thread"]


server = make_server("127.0.0.1", 8046, application)
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(0.05)
