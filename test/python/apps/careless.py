"""Applications and filters that give the server what no lane can carry, one way per path."""

import sys
import threading
import time

MANY = 17_000_000
held = {}


class Unspeakable(Exception):
    def __str__(self):
        sys.exit("not even a message")


def hint(*headers):
    def respond(environ, start_response):
        environ["wsgi.early_hints"](list(headers))
        start_response("200 OK", [])
        return [b"hinted"]

    return respond


def fail(make):
    def respond(environ, start_response):
        raise make()

    return respond


def send_header(environ, start_response):
    start_response("200 OK", [("X-Long", "x" * 2_000_000)])
    return [b"sent"]


def write_log(environ, start_response):
    environ["wsgi.errors"].write("y" * MANY + "\n")
    start_response("200 OK", [])
    return [b"logged"]


def fail_in_close(environ, start_response):
    class Body:
        def __iter__(self):
            return iter([b"closed"])

        def close(self):
            raise RuntimeError("z" * MANY)

    start_response("200 OK", [])
    return Body()


def remember(environ, start_response):
    held["input"] = environ["wsgi.input"]
    held["hints"] = environ["wsgi.early_hints"]
    held["write"] = start_response("200 OK", [])
    return [b"remembered"]


def use_late(environ, start_response):
    results = []

    def run():
        for name, use in (
            ("input", lambda: held["input"].read(1)),
            ("hints", lambda: held["hints"]([("Link", "</late>")])),
            ("write", lambda: held["write"](b"late")),
        ):
            try:
                results.append("%s %r" % (name, use()))
            except (AssertionError, ValueError) as error:
                results.append("%s %s" % (name, type(error).__name__))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    start_response("200 OK", [])
    return [", ".join(results).encode()]


def wait(environ, start_response):
    time.sleep(1)
    start_response("200 OK", [])
    return [b"waited"]


def chat(environ, start_response):
    """Threads that write while the answer is streamed."""
    errors = environ["wsgi.errors"]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def run(name):
        for number in range(20_000):
            errors.write("%s%d\n" % (name, number))

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    start_response("200 OK", [])
    while any(thread.is_alive() for thread in threads):
        yield b"."
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    yield b"done"


routes = {
    "/hint-crlf": hint(("Link", "</a>\r\nSet-Cookie: evil=1")),
    "/hint-nul": hint(("Link", "</a>\0Set-Cookie\0evil=1")),
    "/hint-name": hint(("Li nk", "</a>")),
    "/hint-long": hint(("Link", "x" * MANY)),
    "/header-long": send_header,
    "/log-long": write_log,
    "/error-long": fail(lambda: RuntimeError("e" * MANY)),
    "/error-unspeakable": fail(Unspeakable),
    "/close-error-long": fail_in_close,
    "/remember": remember,
    "/use-late": use_late,
    "/wait": wait,
    "/chat": chat,
}


def application(environ, start_response):
    return routes[environ["PATH_INFO"]](environ, start_response)


# Filters.


class Late:
    """Leaves the rest of a body, and says so only in its own close()."""

    def __init__(self, body, use):
        self.body = body
        self.use = use

    def __iter__(self):
        return iter([next(iter(self.body))])

    def close(self):
        self.use(self.body)


class TextInput:
    def read(self, size=-1):
        return "text"


def careless_filter(application):
    def filtered(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/json":
            environ["tsgi.json"] = "no JSON"
        elif path == "/environ-long":
            environ["my.value"] = "v" * MANY
        elif path == "/input-text":
            environ["wsgi.input"] = TextInput()
        body = application(environ, start_response)
        if path == "/close-late":
            return Late(body, lambda rest: rest.close())
        if path == "/pull-late":
            return Late(body, list)
        return body

    return filtered
