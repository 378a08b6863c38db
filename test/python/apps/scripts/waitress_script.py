from waitress import serve


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"waitress"]


serve(application, listen="127.0.0.1:8041")
