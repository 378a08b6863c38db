"""Flask's own first example, answering with text."""

from flask import Flask, Response

application = Flask(__name__)


@application.get("/hello")
def hello():
    return Response("Hello, World!", mimetype="text/plain")
