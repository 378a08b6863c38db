"""The process with a preloaded application, from which serving processes are forked. Loaded with `--preload`."""

import os
import select
import signal
import sys
import threading

from .wire import EXITED, FORK, STOP


def fork_children(guest):
    """Forks whenever TSGI asks; returns in each child, and in the template when it is told to stop."""
    control = guest.control
    guest.ready()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    if is_main():
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    while True:
        if not control.rest:
            readable, _, _ = select.select([control.sock, reader], [], [], 1)
            if reader in readable:
                os.read(reader, 4096)
            reap(control)
            if control.sock not in readable:
                continue
        message = control.hear()
        if message is None:
            control.leave()
        kind, body = message
        if kind == STOP:
            guest.stop()
            return
        if kind == FORK:
            if guest.hooks is not None:
                guest.hooks.pre_fork(body["process"])
            if os.fork() == 0:
                become_child(guest, body["process"], (reader, writer))
                return


def become_child(guest, process, pipe):
    if guest.is_program:
        os.setpgid(0, 0)  # what it starts ends with it, and not with the template
    if is_main():
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in pipe:
        os.close(descriptor)
    guest.process = process
    guest.control.open_again(process)
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def reap(control):
    """Reports which children have exited."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.tell(EXITED, {"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def is_main():
    return threading.current_thread() is threading.main_thread()
