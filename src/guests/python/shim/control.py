"""The control channel: the socket over which this process gets its orders and reports its state."""

import _socket
import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time

from .wire import HEADER, HEADER_SIZE, HELLO, PROTOCOL_VERSION


class ControlChannel:
    """One socket per process. If it is closed, TSGI is gone, and this process exits."""

    def __init__(self, options, ends_group):
        self.options = options
        self.ends_group = ends_group  # what the program has started ends with it
        self.sock = None
        self.telling = threading.Lock()
        self.rest = b""

    def connect(self):
        """Connects to TSGI; ends this process if nobody listens any more."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self.options["socket"])
        except (ConnectionRefusedError, FileNotFoundError):
            self.clear_up()
            os._exit(0)
        return sock

    def open(self, process):
        self.sock = self.connect()
        self.tell(
            HELLO,
            {
                "protocol": PROTOCOL_VERSION,
                "token": self.options["token"],
                "process": process,
                "lane": -1,
                "pid": os.getpid(),
                "language": "Python",
                "version": sys.version.split()[0],
                "dump": {"signal": dump_signal(), "format": "faulthandler"},
            },
        )

    def open_again(self, process):
        """In a forked process: replaces the parent's channel by its own."""
        self.sock.close()
        self.telling = threading.Lock()
        self.rest = b""
        self.open(process)

    def renew(self):
        """gevent may have replaced the socket class since this one was created."""
        self.sock = socket.socket(fileno=self.sock.detach())

    def tell(self, kind, message):
        payload = json.dumps(message, default=str).encode()
        try:
            with self.telling:
                self.sock.sendall(HEADER.pack(len(payload), 0, 0, kind, 0, 0) + payload)
        except OSError:
            self.leave()

    def hear(self):
        """The next message; None if TSGI has closed the connection."""
        try:
            while True:
                if len(self.rest) >= HEADER_SIZE:
                    length, _, _, kind, _, _ = HEADER.unpack_from(self.rest)
                    if len(self.rest) >= HEADER_SIZE + length:
                        payload = self.rest[HEADER_SIZE : HEADER_SIZE + length]
                        self.rest = self.rest[HEADER_SIZE + length :]
                        return kind, json.loads(payload or b"null")
                data = self.sock.recv(65536)
                if not data:
                    return None
                self.rest += data
        except OSError:
            return None

    def watch(self):
        """Makes this process exit with TSGI even while the application loads or shuts down, when nobody reads messages."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGIO, lambda *_: self.leave_if_alone())
        fcntl.fcntl(self.sock, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self.sock, fcntl.F_SETFL, fcntl.fcntl(self.sock, fcntl.F_GETFL) | os.O_ASYNC)

    def unwatch(self):
        fcntl.fcntl(self.sock, fcntl.F_SETFL, fcntl.fcntl(self.sock, fcntl.F_GETFL) & ~os.O_ASYNC)

    def leave_if_alone(self):
        # Not through the socket's own class, which would wait if gevent has replaced it.
        control = _socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, self.sock.fileno())
        try:
            if control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        finally:
            control.detach()
        self.leave()

    def leave(self):
        """Exits at once: TSGI is gone, so nobody waits for a response. Cleans up after TSGI if it was killed."""
        try:
            for _ in range(10):
                # While the descriptors of a dying process are closed one after another, its socket may still take connections.
                with self.connect() as sock:
                    sock.settimeout(1)
                    try:
                        sock.recv(1)
                    except ConnectionError:
                        pass
        except OSError:
            pass
        if self.ends_group:
            end_own_group()
        os._exit(0)

    def clear_up(self):
        directory = os.path.dirname(self.options["status"])
        own = os.path.join(directory, "process-%d" % os.getpid())
        for name in (self.options["socket"], self.options["status"], own):
            try:
                os.unlink(name)
            except OSError:
                pass
        try:
            os.rmdir(directory)
        except OSError:
            pass


def end_own_group():
    """Ends this process and the processes that its program started: first SIGTERM, then SIGKILL for those that stay."""
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        time.sleep(0.2)
        os.killpg(0, signal.SIGKILL)
    except OSError:
        pass


def dump_signal():
    """The signal that makes this process dump the stacks of all threads, even if it is busy."""
    return int(signal.SIGRTMAX - 3) if hasattr(signal, "SIGRTMAX") else int(signal.SIGUSR2)
