"""The smallest application, and one in Flask."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, world!\n"]


def flask_app():
    from flask import Flask

    app = Flask(__name__)

    @app.route("/")
    def hello():
        return "Hello, Flask!"

    return app
