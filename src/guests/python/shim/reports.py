"""What goes into the server's log: lines of our own, and tracebacks of the application without our frames."""

import importlib
import traceback

from . import is_own
from .wire import LOG

# A report of an exception is cut.
REPORT_CHARACTERS = 65536

_warned = set()
_tell = None


def send_with(tell):
    """From now on lines are told to TSGI: `tell(kind, message)`, of the control channel."""
    global _tell
    _tell = tell


def log(level, message):
    """A line for the server's log; what the application writes to standard error is its own."""
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
    """Whether a frame in front is of TSGI, or of the import that it has begun."""
    return is_own(file) or file == importlib.__file__ or file.startswith("<frozen importlib")


def report_of(error):
    """The traceback, for the log: never longer than somebody would read, and whatever the exception does when it is asked."""
    try:
        text = "".join(traceback.format_exception(type(error), error, without_shim(error.__traceback__)))
    except BaseException as second:
        text = "%s, whose traceback cannot be written because of %s\n" % (type(error).__name__, type(second).__name__)
    return cut(text)


def cut(text):
    """Both ends of a report: the frames are in front, and the last line says what it was."""
    half = REPORT_CHARACTERS // 2
    if len(text) <= 2 * half:
        return text
    return "%s\n[%d characters left out]\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
