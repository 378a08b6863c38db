"""What was moved to Flask some years ago. It needs Flask in the Python that serves it."""

from flask import Flask, url_for


def app_factory(global_conf):
    app = Flask(__name__)

    @app.get("/")
    def account():
        return {"account": "Ada", "here": url_for("account")}

    return app
