"""Runs a program, and decides which of the servers that it starts is the one that TSGI stands for."""

import contextlib
import os
import sys
import threading
import time
import types

from .. import chunks
from ..targets import check_file, find_attribute
from .finder import StarterFinder
from .servers import PATCHES
from .sockets import Sockets

# A main thread that stands still for so many looks waits for something: then a server in another thread is the program's own.
REST_LOOKS = 40
REST_SECONDS = 0.05


def run(guest, path, arguments):
    """Runs a program as `python path arguments` would, to the point where it would serve; returns its application."""
    chunks.takes_text = True
    check_file(path)
    stage = Stage(guest, is_script=True)
    stage.install()
    try:
        module = run_script(path, arguments)
    except SystemExit as error:
        if stage.thread is None and not stage.waiting and error.code not in (None, 0):
            raise
        module = sys.modules["__main__"]
    application = stage.at_end()
    if guest.is_stopping:
        return None
    return find_attribute(module, None, path) if application is None else application


def place_of(frame):
    """Where a thread is. One that waits for something again and again, with a timeout, is where it does so."""
    while frame is not None and frame.f_code.co_filename == threading.__file__:
        frame = frame.f_back
    return id(frame), frame and frame.f_lineno


def run_script(path, arguments):
    sys.argv[:] = [path, *arguments]
    path = os.path.abspath(path)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return module


@contextlib.contextmanager
def importing(guest):
    """Around the import of a module that starts a server without being asked: the server is left out."""
    stage = Stage(guest, is_script=False)
    stage.install()
    try:
        yield
    finally:
        stage.is_over = True


class Stage:
    """What a program does with its servers: one of them is ours, the others are its own affair."""

    def __init__(self, guest, is_script):
        self.guest = guest
        self.is_script = is_script
        self.is_over = False
        self.application = None
        self.thread = None
        self.waiting = []  # servers of other threads than the main one
        self.lock = threading.Lock()
        self.sockets = Sockets(self)

    @property
    def is_open(self):
        return self.thread is None and not self.is_over

    def install(self):
        sys.meta_path.insert(0, StarterFinder(self))
        for name, patch in PATCHES.items():
            module = sys.modules.get(name)
            if module is not None:
                patch(module, self)

    def serve(self, application, host, port):
        """Stands for the serving of a server, for as long as that lasts; false when it should serve by itself."""
        is_main = threading.current_thread() is threading.main_thread()
        if self.guest.is_stopping and self.is_script and is_main:
            raise SystemExit  # a program that serves one request after another, in a loop
        if not self.is_script:
            if not is_main or self.is_over:
                return False
            self.claim(application, host, port)
            return True
        if not is_main and not self.is_chosen([application, host, port]):
            return False
        if is_main and not self.claim(application, host, port) and self.thread is not threading.current_thread():
            threading.Event().wait()
        self.guest.serve(self.application)
        self.application = None  # it is finalized when Python ends
        return True

    def offer(self, application, host, port):
        """Stands for a server that serves in the background, while its program goes on."""
        if not self.is_script:
            self.claim(application, host, port)
        elif self.is_open:
            threading.Thread(target=self.serve, args=(application, host, port), daemon=True).start()

    def claim(self, application, host, port):
        with self.lock:
            if self.thread is not None:
                return False
            self.application = application
            self.thread = threading.current_thread()
            self.waiting.clear()
            self.guest.address = None if port is None else [str(host or ""), int(port or 0)]
            return True

    def is_chosen(self, server):
        """Whether a server in a thread is the program's own: when the main thread serves nothing, and has come to rest."""
        with self.lock:
            if self.thread is not None:
                return False
            self.waiting.append(server)
        main = threading.main_thread()
        looks, place = 0, None
        while looks < REST_LOOKS:
            if not self.is_open:
                break
            before, place = place, place_of(sys._current_frames().get(main.ident))
            looks = looks + 1 if place == before else 0
            time.sleep(REST_SECONDS)
        if self.claim(*server):
            return True
        if self.application is server[0] and self.thread is main:
            threading.Event().wait()  # it is served already, by the main thread
        return False

    def at_end(self):
        """The application of a program that has come to its end, if it has started a server."""
        for server in self.waiting[:1]:
            self.claim(*server)
        if self.thread not in (None, threading.current_thread()):
            threading.Event().wait()  # another thread serves
        self.is_over = self.thread is None
        return self.application
