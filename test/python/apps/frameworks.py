"""One small application in each framework."""

import sys


def falcon_app():
    import falcon

    class Things:
        def on_get(self, req, resp):
            resp.media = {"thing": req.get_param("name")}

        def on_post(self, req, resp):
            resp.media = {"got": req.media}

    app = falcon.App()
    app.add_route("/things", Things())
    return app


def pyramid_app():
    from pyramid.config import Configurator
    from pyramid.response import Response

    config = Configurator()
    config.add_route("hello", "/hello/{name}")
    config.add_view(lambda request: Response("Hello %(name)s!" % request.matchdict), route_name="hello")
    return config.make_wsgi_app()


def bottle_app():
    import bottle

    app = bottle.Bottle()

    @app.post("/upload")
    def upload():
        item = bottle.request.files.get("file")
        return "%s %d" % (item.filename, len(item.file.read()))

    return app


def cherrypy_app():
    import cherrypy

    class Root:
        @cherrypy.expose
        def index(self, name="nobody"):
            cherrypy.session["count"] = cherrypy.session.get("count", 0) + 1
            return "cherrypy %s %d" % (name, cherrypy.session["count"])

    cherrypy.config.update({"environment": "embedded"})
    return cherrypy.Application(Root(), "/", {"/": {"tools.sessions.on": True}})


def flask_app():
    from flask import Flask, Response, abort, request, session, stream_with_context

    app = Flask(__name__)
    app.secret_key = "only for tests"

    @app.route("/")
    def hello():
        return "Hello, Flask!"

    @app.route("/session")
    def count():
        session["count"] = session.get("count", 0) + 1
        return str(session["count"])

    @app.route("/form", methods=["POST"])
    def form():
        return "%s %s" % (request.form["name"], request.files["file"].read().decode())

    @app.route("/stream")
    def stream():
        return Response(stream_with_context("%d\n" % number for number in range(5)))

    @app.route("/json", methods=["POST"])
    def echo_json():
        return request.get_json()

    @app.route("/missing")
    def missing():
        abort(404)

    @app.route("/error")
    def error():
        raise RuntimeError("in Flask")

    return app


def django_app():
    import os
    import tempfile

    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import FileResponse, HttpResponse, StreamingHttpResponse
    from django.urls import path

    settings.configure(
        DEBUG=False,
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(tempfile.mkdtemp(prefix="tsgi-django-"), "db.sqlite3"),
            }
        },
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        STATIC_URL="/static/",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.views.decorators.csrf import csrf_exempt

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", "admin@example.org", "correct horse")

    @csrf_exempt
    def upload(request):
        item = request.FILES["file"]
        return HttpResponse("%s %d" % (item.name, sum(len(chunk) for chunk in item.chunks())))

    module = sys.modules[__name__]
    module.urlpatterns = [
        path("admin/", admin.site.urls),
        path("upload", upload),
        path("stream", lambda request: StreamingHttpResponse("%d\n" % number for number in range(5))),
        path("file", lambda request: FileResponse(open(__file__, "rb"))),
    ]
    return get_wsgi_application()
