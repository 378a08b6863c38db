"""A Flask application, with a factory for INI files. It needs Flask in the Python that serves it."""

from flask import Flask, request


def app_factory(global_conf, greeting="Hello"):
    app = Flask(__name__)

    @app.get("/")
    def index():
        user = request.environ["example.user"]
        return {"message": "%s, %s" % (greeting, user["name"]), "roles": user["roles"]}

    return app
