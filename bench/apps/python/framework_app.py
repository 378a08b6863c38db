"""The suite of frameworks in Flask."""

import json

from flask import Flask

app = Flask(__name__)


@app.route("/hello/<name>")
def hello(name):
    return f"Hello {name}"


@app.route("/users/<int:id>")
def user(id):
    text = json.dumps({"id": id, "name": "Ada"}, separators=(",", ":"))
    return app.response_class(text, mimetype="application/json")
