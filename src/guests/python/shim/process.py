"""Prepares this process before anything of the application is loaded: streams, signals, search path and limits."""

import faulthandler
import json
import mmap
import os
import signal
import sys
import traceback

from . import reports
from .control import dump_signal
from .guest import Guest
from .interruption import interruption
from .targets import TargetMistake
from .wire import BROKEN

# Where TSGI reads stack dumps, written on a crash or on request; standard error belongs to the application.
REPORT_DESCRIPTOR = 3


def map_status(options):
    """The status file, while this process may still open it."""
    descriptor = os.open(options["status"], os.O_RDWR)
    try:
        return mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)


def limit_memory(limit):
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def prepare_process(options):
    """Sets search path, signals and worker class, before anything of the application is loaded."""
    sys.path.insert(0, os.getcwd())
    sys.path[:0] = [os.path.abspath(path) for path in options.get("pythonPath") or []]
    sys.argv[:] = ["tsgi"]
    os.set_inheritable(REPORT_DESCRIPTOR, False)
    faulthandler.enable(REPORT_DESCRIPTOR, all_threads=True)
    faulthandler.register(dump_signal(), REPORT_DESCRIPTOR, all_threads=True, chain=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interruption)
    if options.get("memoryLimitBytes"):
        limit_memory(options["memoryLimitBytes"])
    if options.get("workerClass") == "gevent":
        from gevent import monkey

        monkey.patch_all()


def main():
    """Serves the application that the options on standard input name, until the end."""
    options = json.loads(sys.stdin.buffer.read())
    options.update(options.pop("language"))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    memory = map_status(options)
    prepare_process(options)
    guest = Guest(options, memory)
    control = guest.control
    reports.send_with(control.tell)
    control.open(guest.process)
    control.watch()
    try:
        application = guest.load()
        if not guest.is_stopping:
            guest.serve(application)
    except BaseException as error:
        if guest.is_stopping and isinstance(error, (SystemExit, KeyboardInterrupt)):
            return
        control.tell(BROKEN, mistake_of(error))
        sys.exit(3)


def mistake_of(error):
    """Why an application could not be loaded."""
    if isinstance(error, TargetMistake):
        return {"message": str(error), "stack": "", "kind": error.kind}
    message = reports.cut("".join(traceback.format_exception_only(type(error), error)).strip())
    kind = "syntax" if isinstance(error, SyntaxError) else None
    return {"message": message, "stack": reports.report_of(error), "kind": kind}
