"""Hooks: functions of a Python file that are called during the life of Python processes, with gunicorn's names and arguments.

A file that was written for gunicorn (gunicorn.conf.py) can be used as it is: what it sets beside is not looked at. `main` calls
`child_exit` for processes that have ended, in a process of its own: nothing in Python outlives them.
"""

import inspect
import json
import os
import sys

from . import config_file

# Called in the serving processes; `pre_fork` in the one that they are forked from; `child_exit` in a process of its own.
CALLED = "pre_fork post_fork post_worker_init pre_request post_request worker_exit child_exit".split()
# Hooks of gunicorn's arbiter, which is not a Python process here.
OF_SERVER = "on_starting on_reload when_ready worker_int worker_abort pre_exec nworkers_changed on_exit ssl_context".split()


class Config:
    """`cfg` of server and worker: the values that the file sets; None for all others."""

    def __init__(self, names):
        self.__dict__.update((name, value) for name, value in names.items() if not name.startswith("_"))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class Log:
    """`log` of server and worker: lines of the error log."""

    def __init__(self, write):
        self._write = write

    def _line(level):
        def line(self, message, *args, **_options):
            self._write(level, str(message) % args if args else str(message))

        return line

    debug, info, warning, error, critical = map(_line, "debug info warning error critical".split())

    def exception(self, message, *args, **_options):
        import traceback

        self.error("%s\n%s", str(message) % args if args else message, traceback.format_exc().rstrip())


class Server:
    """The server, as hooks see it: gunicorn's arbiter."""

    def __init__(self, pid, log, cfg):
        self.pid, self.log, self.cfg = pid, log, cfg


class Worker:
    """A Python process, as hooks see it: gunicorn's worker."""

    def __init__(self, pid, number, log, cfg):
        self.pid, self.age, self.log, self.cfg = pid, number, log, cfg
        self.ppid = os.getppid()
        self.booted, self.alive = False, True
        self.wsgi = None

    def __str__(self):
        return "<Worker %s>" % self.pid


class Request:
    """A request, as hooks see it, with the attributes of gunicorn's."""

    def __init__(self, environ):
        self.method = environ.get("REQUEST_METHOD", "")
        self.path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        self.query = environ.get("QUERY_STRING", "")
        self.uri = environ.get("REQUEST_URI") or self.path + ("?" + self.query if self.query else "")
        self.scheme = environ.get("wsgi.url_scheme", "http")
        self.version = tuple(int(part) for part in environ.get("SERVER_PROTOCOL", "HTTP/1.1")[5:].split("."))
        self.remote_addr = (environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0))
        self.headers = [
            (name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")
        ]


class Response:
    """The response, as `post_request` sees it."""

    def __init__(self):
        self.status, self.status_code, self.headers = "", 0, []


class Body:
    """An incomplete body: `post_request` is called when it is closed."""

    def __init__(self, chunks, done):
        self.chunks, self.done = chunks, done

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        try:
            close = getattr(self.chunks, "close", None)
            if close is not None:
                close()
        finally:
            self.done()


class Hooks:
    """The functions of one file, for one process."""

    def __init__(self, path, write):
        module = config_file.run(path)
        self.functions = {name: value for name, value in vars(module).items() if name in CALLED and callable(value)}
        self.names = sorted(self.functions)
        self.cfg = Config(vars(module))
        self.log = Log(write)
        self.server = Server(os.getppid(), self.log, self.cfg)
        self.worker = None
        unused = [name for name in OF_SERVER if callable(vars(module).get(name))]
        if unused:
            self.unused = "Not called from %s, because the server is no Python process: %s; write hooks of tsgi.config.ts" % (
                path,
                ", ".join(unused),
            )
        else:
            self.unused = None

    def call(self, name, *arguments):
        function = self.functions.get(name)
        if function is not None:
            function(*arguments[: arity(function, len(arguments))])

    def pre_fork(self, number):
        self.call("pre_fork", self.server, Worker("[booting]", number, self.log, self.cfg))

    def post_fork(self, number):
        """This process exists; its application may not be loaded yet."""
        self.worker = Worker(os.getpid(), number, self.log, self.cfg)
        self.call("post_fork", self.server, self.worker)

    def post_worker_init(self, application):
        self.worker.wsgi, self.worker.booted = application, True
        self.call("post_worker_init", self.worker)

    def worker_exit(self):
        self.worker.alive = False
        try:
            self.call("worker_exit", self.server, self.worker)
        except Exception:
            self.log.exception("The hook worker_exit failed")

    def around(self, application):
        """The application with the hooks of a request around it, if there are any."""
        if "pre_request" not in self.functions and "post_request" not in self.functions:
            return application

        def with_hooks(environ, start_response):
            request, response = Request(environ), Response()
            self.call("pre_request", self.worker, request)

            def start(status, headers, *exc_info):
                response.status, response.headers = status, headers
                response.status_code = int(status[:3])
                return start_response(status, headers, *exc_info)

            def done():
                try:
                    self.call("post_request", self.worker, request, environ, response)
                except Exception:
                    self.log.exception("The hook post_request failed")

            try:
                body = application(environ, start)
            except BaseException:
                done()
                raise
            if type(body) is list:
                done()
                return body
            return Body(body, done)

        return with_hooks


def arity(function, most):
    """How many of the arguments a function takes: hooks for older versions of gunicorn take fewer."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return most
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return most
    return min(most, sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters))


def main():
    """Calls `child_exit` for each process that standard input names."""
    options = json.loads(sys.stdin.buffer.read())
    sys.path[:0] = [os.path.abspath(path) for path in options["pythonPath"]] + [os.getcwd()]
    hooks = Hooks(options["hooks"], lambda level, message: print("%s: %s" % (level, message), file=sys.stderr))
    for pid in options["pids"]:
        worker = Worker(pid, 0, hooks.log, hooks.cfg)
        worker.alive = False
        try:
            hooks.call("child_exit", hooks.server, worker)
        except Exception:
            hooks.log.exception("The hook child_exit failed for process %s", pid)
