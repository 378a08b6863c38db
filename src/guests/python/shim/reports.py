"""Entries for the server's log: our own lines, and tracebacks of the application without our frames."""

import importlib
import traceback

from . import is_own
from .wire import LOG

# Longer reports of an exception are cut.
REPORT_CHARACTERS = 65536

_warned = set()
_tell = None


def send_with(tell):
    """From now on lines are sent to TSGI, by `tell(kind, message)` of the control channel."""
    global _tell
    _tell = tell


def log(level, message):
    """Writes a line to the server's log. Standard error belongs to the application."""
    if _tell is not None:
        _tell(LOG, {"level": level, "message": message})


def warn_once(key, message):
    if key not in _warned:
        _warned.add(key)
        log("warning", message)


def without_shim(trace):
    """The traceback from the application's first frame on."""
    while trace is not None and is_in_front(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def is_in_front(file):
    """Whether a leading frame belongs to TSGI, or to the import that TSGI started."""
    return is_own(file) or file == importlib.__file__ or file.startswith("<frozen importlib")


def report_of(error):
    """The traceback for the log, of limited length, even if the exception fails while it is formatted."""
    try:
        text = "".join(traceback.format_exception(type(error), error, without_shim(error.__traceback__)))
    except BaseException as second:
        text = "%s, whose traceback cannot be written because of %s\n" % (type(error).__name__, type(second).__name__)
    return cut(text)


def cut(text):
    """Both ends of a report: the first frames, and the last line, which names the exception."""
    half = REPORT_CHARACTERS // 2
    if len(text) <= 2 * half:
        return text
    return "%s\n[%d characters left out]\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
