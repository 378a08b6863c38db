"""This process, from loading its application to its exit."""

import gc
import os
import signal
import socket
import sys
import threading

from . import is_own, load
from .control import ControlChannel
from .flusher import Flusher
from .interruption import interruption
from .lane import Lane
from .reports import log
from .serving import serve
from .targets import is_program, load_part, split_target, starts_server
from .wire import LIST_MODULES, MODULES, READY, STOP


class Guest:
    """This process: its options, its control channel, its lanes, and the application."""

    def __init__(self, options, memory):
        self.options = options
        self.memory = memory  # the status file
        self.token = options["token"]
        self.process = options["process"]
        self.threads = options["threads"]
        self.is_multithread = self.threads > 1
        self.is_multiprocess = bool(options["multiprocess"])
        self.application = None
        self.is_program = is_program(options.get("app"))
        self.address = None  # where a program would have served
        self.hooks = None
        self.flusher = Flusher(self)
        self.lanes = []
        self.at_work = threading.local()  # the lane of the thread that asks
        self.control = ControlChannel(options, ends_group=self.is_program)
        self.template = load("template") if options.get("preload") else None
        self.is_stopping = False

    def load(self):
        """Loads the application and its filters. A script may serve, and return, inside this call."""
        options = self.options
        if options.get("logging"):
            load("log_config").configure_logging(options["logging"])
        if options.get("hooks"):
            self.hooks = load("hooks").Hooks(options["hooks"], log)
            if self.hooks.unused and (self.process == 0 or self.template):
                log("warning", self.hooks.unused)
            if not self.template:
                self.hooks.post_fork(self.process)
        part = options.get("app")
        if part is None:
            return load("inner").InnerApplication(self)
        return self.load_application(part)

    def load_application(self, part):
        arguments = self.options.get("arguments") or []
        if self.is_program:
            return load("starters.stage").run(self, part, arguments)
        sys.argv[1:] = arguments
        if isinstance(part, str) and starts_server(split_target(part)[0]):
            with load("starters.stage").importing(self):
                return load_part(part)
        return load_part(part)

    def wrapped(self, application):
        for part in reversed(self.options.get("filters") or []):
            application = load_part(part)(application)
        if not callable(application):
            raise TypeError("The target is %r, expected a WSGI application (something to call)" % (application,))
        return application if self.hooks is None else self.hooks.around(application)

    def obey(self):
        """Handles messages of the control channel until one tells us to stop."""
        while True:
            message = self.control.hear()
            if message is None:
                self.control.leave()
            kind, _ = message
            if kind == STOP:
                self.stop()
                self.end_lanes()
                return
            if kind == LIST_MODULES:
                self.control.tell(MODULES, module_files())

    def end_lanes(self):
        """Each lane ends once it has answered its requests."""
        for lane in self.lanes:
            try:
                lane.sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass

    def stop(self):
        """From now on this process exits by itself: it waits for its threads and runs its `atexit` functions, or is killed."""
        self.is_stopping = True
        self.control.watch()
        self.control.leave_if_alone()

    def serve(self, application):
        """Answers requests until TSGI tells us to stop."""
        if self.application is not None:
            # A script is already serving in a thread, and its main thread has finished.
            threading.Event().wait()
        self.application = self.wrapped(application)
        # gevent may have replaced the classes since these were created.
        self.at_work = threading.local()
        self.control.unwatch()
        self.control.renew()
        self.answer_requests()
        # Objects of the application are finalized when Python exits (temporary files are deleted then), so nothing here may keep them.
        self.application = None
        gc.unfreeze()
        if threading.current_thread() is not threading.main_thread():
            # The main thread of a script may wait for something that never comes: interrupt it, as Ctrl-C would.
            interruption.is_due = True
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def answer_requests(self):
        gc.collect()
        gc.freeze()
        if self.template:
            self.warn_of_threads()
            self.template.fork_children(self)
            if self.is_stopping:
                return
            if self.hooks is not None:
                self.hooks.post_fork(self.process)
        if self.hooks is not None:
            self.hooks.post_worker_init(self.application)
        self.serve_lanes()
        if self.hooks is not None:
            self.hooks.worker_exit()

    def warn_of_threads(self):
        """Threads do not survive a fork: those started while the application was loaded are dead in every process."""
        own = (threading.current_thread(), threading.main_thread())
        names = [thread.name for thread in threading.enumerate() if thread not in own and not thread.name.startswith("tsgi-")]
        if names:
            log(
                "warning",
                "The application has started threads while it was loaded: %s. With --preload they do not run in the processes that "
                "serve, because a fork does not copy them; start them in post_fork of --python-hooks, or without --preload"
                % ", ".join(names),
            )

    def serve_lanes(self):
        self.ready()
        self.take_slots()
        if self.threads == 1:
            # The main thread answers, for programs that need it (signals, event loops).
            threading.Thread(target=self.obey, name="tsgi-control", daemon=True).start()
            lane = Lane(self, 0, self.control.connect())
            self.lanes = [lane]
            if self.is_stopping:  # before there was a lane to end
                self.end_lanes()
            serve(lane)
            if not self.is_stopping:
                self.control.leave()
            return
        self.lanes = [Lane(self, index, self.control.connect()) for index in range(self.threads)]
        threads = [
            threading.Thread(target=serve, args=(lane,), name="tsgi-lane-%d" % lane.slot, daemon=True)
            for lane in self.lanes
        ]
        for thread in threads:
            thread.start()
        self.obey()
        for thread in threads:
            thread.join()

    def ready(self):
        hooks = [] if self.hooks is None else self.hooks.names
        self.control.tell(READY, {"hooks": hooks, "pid": os.getpid(), "address": self.address, "modules": module_files()})

    def take_slots(self):
        """This process's part of the status file."""
        slots, size = self.options["slots"], self.options["answerBytes"]
        words = memoryview(self.memory).cast("I")
        first = self.process * self.threads
        self.started = words[first : first + self.threads]
        self.aborted = words[slots + first : slots + first + self.threads]
        self.kept = []
        for slot in range(self.threads):
            start = slots * 8 + (first + slot) * size
            self.kept.append((words[start // 4 : start // 4 + 1], start + 4, start + size))
            self.started[slot] = self.kept[slot][0][0] = 0


def module_files():
    """The loaded source files, for a file watcher."""
    files = set()
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith(".py") and not is_own(name):
            files.add(os.path.abspath(name))
    return sorted(files)
