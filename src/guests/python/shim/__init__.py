"""The Python side of a lane: loads one WSGI application and serves it to TSGI.

Standard library only, CPython 3.9 and later. `__main__.py` starts it, under the name `tsgi_guest`. The process reads its options as
JSON from standard input, connects one unix stream socket as its control channel and one per thread as a lane, and answers requests
until TSGI hangs up. The frames are described in docs/lane-protocol.md; the semantics are those of PEP 3333.

Each module imports only those that stand before it, as far as it needs them; the ones in brackets are loaded when they are needed:

    wire, interruption, reports, shared, streams, chunks, head, response, lane, serving, flusher, targets, control, [inner],
    [template], [config_file, hooks], [log_config], [starters.sockets, starters.servers, starters.finder, starters.stage], guest, process
"""

import importlib
import os
import stat
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    """
    A module of this package. Python may keep its byte code beside it, so that the next process starts faster, but never in a directory
    that is another user's: they could not remove what we leave there.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = before or (sys.pycache_prefix is None and not is_private(HERE))
    try:
        return importlib.import_module("." + name, __name__)
    finally:
        sys.dont_write_bytecode = before


def is_private(directory):
    """Whether a directory is this user's, and nobody else may write there."""
    try:
        status = os.stat(directory)
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_own(file):
    """Whether a source file belongs to this package."""
    return file.startswith(HERE + os.sep)
