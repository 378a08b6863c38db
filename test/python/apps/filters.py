"""Filters in Python: around Python applications, and around applications of TSGI."""


def shout(app):
    def filtered(environ, start_response):
        environ["my.shouting"] = True
        body = app(environ, start_response)
        try:
            for chunk in body:
                yield chunk.upper()
        finally:
            if hasattr(body, "close"):
                body.close()

    return filtered


def add_header(app):
    def filtered(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers + [("X-Filter", environ["PATH_INFO"])], exc_info)

        return app(environ, start)

    return filtered


def set_values(app):
    def filtered(environ, start_response):
        environ["my.number"] = 41
        environ["my.list"] = ["a", 1, None, True]
        environ["my.bytes"] = b"\x00\xff"
        environ["my.big"] = 2**80
        environ["my.text"] = "\u4e00\0"
        environ["PATH_INFO"] = "/changed"
        del environ["HTTP_X_REMOVE_ME"]
        return app(environ, start_response)

    return filtered


def catch(app):
    def filtered(environ, start_response):
        try:
            return list(app(environ, start_response))
        except RuntimeError as error:
            start_response("418 Caught", [("Content-Type", "text/plain")])
            return [str(error).encode()]

    return filtered


def answers_itself(app):
    def filtered(environ, start_response):
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"not today"]

    return filtered


def replaces_input(app):
    def filtered(environ, start_response):
        import io

        body = environ["wsgi.input"].read()[::-1]
        environ["wsgi.input"] = io.BytesIO(body)
        return app(environ, start_response)

    return filtered


def filter_factory(global_conf, prefix, **local_conf):
    def make(app):
        def filtered(environ, start_response):
            environ["my.prefix"] = prefix + global_conf.get("suffix", "")
            return app(environ, start_response)

        return filtered

    return make


def app_factory(global_conf, **local_conf):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr((sorted(local_conf.items()), environ.get("my.prefix"), environ.get("my.shouting"))).encode()]

    return application
