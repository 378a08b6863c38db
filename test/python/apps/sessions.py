"""Applications and filters that use the session and the tokens of TSGI's middleware around them."""

import datetime
import json
import threading
from urllib.parse import parse_qs

slow_requests = threading.Event()
PLAIN = [("Content-Type", "text/plain")]


class Opaque:
    pass


WRONG_VALUES = {
    "datetime": lambda: datetime.datetime(2026, 1, 1),
    "bytes": lambda: b"bytes",
    "set": lambda: {1, 2},
    "object": Opaque,
    "nan": lambda: float("nan"),
    "infinity": lambda: [float("inf")],
    "large": lambda: {"id": 2**53},
    "keys": lambda: {1: "one"},
    "cycle": lambda: cycle(),
    "huge": lambda: "x" * 17_000_000,
}


def cycle():
    loop = []
    loop.append(loop)
    return loop


def act(session, verb, value):
    """What the path says."""
    if verb == "set":
        session["value"] = value
    elif verb == "login":
        session.renew()
        session["user"] = value
    elif verb == "logout":
        session.clear()
    elif verb == "delete":
        session.pop(value, None)
    elif verb == "append":
        session.setdefault("list", []).append({"text": value, "tags": ["tsgi:int", 1.5, None, True, ("a", "b")]})
    elif verb == "tag":
        session["tag"] = {"tsgi:int": value}
    elif verb == "wrong":
        session["wrong"] = WRONG_VALUES[value]()
    elif verb == "wrong-inside":
        session["wrong"] = []
        session["wrong"].append(WRONG_VALUES[value]())
    elif verb == "odd":
        session.update({"__proto__": {"a": 1}, "lone": "\ud800"})
    elif verb == "name":
        session[1] = "one"


def application(environ, start_response):
    _, verb, value = (environ["PATH_INFO"] + "//").split("/")[:3]
    session = environ["tsgi.session"]
    if verb == "public":
        start_response("200 OK", PLAIN + [("Cache-Control", "max-age=60")])
        return [b"public"]
    if verb == "late":
        return late(session, value, start_response)
    if verb == "fails":
        session["value"] = "changed"
        raise RuntimeError("after a change")
    if environ["QUERY_STRING"] == "slow":
        len(session)
        environ["wsgi.errors"].write("begun\n")
        assert slow_requests.wait(60)
    act(session, verb, value)
    if verb == "go":
        slow_requests.set()
    if verb == "stop":
        slow_requests.clear()
    start_response("200 OK", PLAIN + [("Cache-Control", "max-age=60")])
    return [json.dumps(dict(session)).encode()]


def late(session, value, start_response):
    start_response("200 OK", PLAIN + [("Cache-Control", "max-age=60")])
    if value == "change":
        session["late"] = True
    yield str(session.get("user")).encode()


def form(environ, start_response):
    """GET gives a token, POST tells what came."""
    if environ["REQUEST_METHOD"] == "POST":
        fields = parse_qs(environ["wsgi.input"].read().decode())
        body = fields.get("name", ["nobody"])[0]
    elif environ["PATH_INFO"] == "/late":
        start_response("200 OK", PLAIN)
        body = environ["tsgi.csrf_token"]()
        return [body.encode()]
    elif environ["PATH_INFO"] == "/none":
        body = "no form here"
    else:
        body = environ["tsgi.csrf_token"]()
    start_response("200 OK", PLAIN)
    return [body.encode()]


def scripts(environ, start_response):
    """A page with the nonce of its policy, which it may not need, or ask for too late."""
    nonce = environ["tsgi.csp_nonce"]
    body = nonce() if environ["PATH_INFO"] == "/" else ""
    start_response("200 OK", PLAIN + [("Cache-Control", "max-age=60")])
    return [(nonce() if environ["PATH_INFO"] == "/late" else body).encode()]


def filter_session(app):
    """Changes the session before and after the application behind it, whatever language that is in."""

    def filtered(environ, start_response):
        session = environ["tsgi.session"]
        session["before"] = session.get("before", 0) + 1
        answer = []

        def start(status, headers, exc_info=None):
            answer[:] = [status, headers]
            return lambda data: None

        body = b"".join(app(environ, start))
        session["after"] = "saw %s" % session.get("inner")
        start_response(answer[0], [pair for pair in answer[1] if pair[0].lower() != "content-length"])
        return [body, b" after: ", session["after"].encode()]

    return filtered


def add_token(app):
    def filtered(environ, start_response):
        token = environ["tsgi.csrf_token"]
        return app(environ, lambda status, headers, exc_info=None: start_response(
            status, headers + [("X-Token", token())], exc_info
        ))

    return filtered


def passing(app):
    return app


def flask_app():
    from flask import Flask, flash, get_flashed_messages, request, session
    from flask.sessions import SessionInterface

    class TSGISessions(SessionInterface):
        """The session of TSGI's middleware as Flask's own."""

        def open_session(self, app, request):
            return request.environ["tsgi.session"]

        def save_session(self, app, session, response):
            pass

    app = Flask(__name__)
    app.session_interface = TSGISessions()

    @app.route("/count")
    def count():
        session["count"] = session.get("count", 0) + 1
        session.permanent = True
        return str(session["count"])

    @app.route("/login/<user>")
    def login(user):
        session.renew()
        session["user"] = user
        flash("Hello %s" % user)
        return "in"

    @app.route("/who")
    def who():
        return "%s %s" % (session.get("user"), get_flashed_messages())

    @app.route("/logout")
    def logout():
        session.clear()
        return "out"

    @app.route("/form", methods=["GET", "POST"])
    def form():
        return request.form["name"] if request.method == "POST" else request.environ["tsgi.csrf_token"]()

    return app


def django_app():
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path

    def count(request):
        session = request.META["tsgi.session"]
        session["count"] = session.get("count", 0) + 1
        return StreamingHttpResponse(iter([b"count ", str(session["count"]).encode()]))

    def form(request):
        return HttpResponse(
            request.POST["name"] if request.method == "POST" else request.META["tsgi.csrf_token"]()
        )

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("count", count), path("form", form)]}),
        SECRET_KEY="only for the test",
    )
    django.setup()
    return get_wsgi_application()
