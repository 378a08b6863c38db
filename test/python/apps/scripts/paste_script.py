"""Builds its pipeline from an INI file that names this very file, at the module's bottom."""

from wsgiref.simple_server import make_server

from paste.deploy import loadapp


def application(environ, start_response):
    start_response("200 OK", [("Content-type", "text/plain")])
    return [" ".join(sorted(key for key in environ if key in ("abc", "def"))).encode()]


def app_factory(global_config, **local_conf):
    return application


def filter_factory(global_config, key):
    def make(app):
        def filtered(environ, start_response):
            environ[key] = 1
            return app(environ, start_response)

        return filtered

    return make


wsgi_app = loadapp("config:paste.ini", relative_to=".")
httpd = make_server("", 8800, wsgi_app)
httpd.serve_forever()
