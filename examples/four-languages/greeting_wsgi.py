"""Below /python, in Python."""


def app_factory(global_conf):
    def greeting(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [("Python: %s below %s\n" % (environ["PATH_INFO"], environ["SCRIPT_NAME"])).encode("latin-1")]

    return greeting
