from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response


@Request.application
def application(request):
    return Response("werkzeug " + request.args.get("name", "nobody"))


if __name__ == "__main__":
    run_simple("127.0.0.1", 8044, application, use_reloader=True)
