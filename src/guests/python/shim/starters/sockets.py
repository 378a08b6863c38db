"""Sockets that listen when their server turns out to serve by itself."""

import contextlib
import errno
import os
import socket
import threading
import weakref


class Sockets:
    """Listening sockets of servers: bound only when their server serves by itself. Until then they say what they were asked for."""

    def __init__(self, stage):
        self.stage = stage
        self.asked = weakref.WeakKeyDictionary()
        self.local = threading.local()
        self.originals = {}
        self.patch(socket.socket)

    @contextlib.contextmanager
    def postponed(self):
        """Inside, sockets are not bound."""
        if not self.stage.is_open:
            yield
            return
        self.patch(socket.socket)  # gevent has its own
        self.local.depth = getattr(self.local, "depth", 0) + 1
        try:
            yield
        finally:
            self.local.depth -= 1

    def patch(self, kind):
        if kind in self.originals or not hasattr(kind, "bind"):  # eventlet's are around another
            return
        bind, listen, getsockname = self.originals[kind] = kind.bind, kind.listen, kind.getsockname

        def late_bind(sock, address):
            if getattr(self.local, "depth", 0) and is_fixed(address):
                self.asked[sock] = address
                return
            try:
                bind(sock, address)
            except OSError as error:
                # TSGI itself listens there by now, and what the program does with its socket is to serve.
                if error.errno != errno.EADDRINUSE or not (self.stage.is_script and self.stage.is_open):
                    raise
                self.asked[sock] = address

        def late_listen(sock, *backlog):
            if sock not in self.asked:
                listen(sock, *backlog)

        def asked_name(sock):
            address = self.asked.get(sock)
            if address is None:
                return getsockname(sock)
            if isinstance(address, tuple):
                return (address[0] or ("::" if sock.family == socket.AF_INET6 else "0.0.0.0"), *address[1:])
            return address

        kind.bind, kind.listen, kind.getsockname = late_bind, late_listen, asked_name

    def open(self, sock, backlog=128):
        """Binds a socket after all."""
        address = self.asked.pop(sock, None)
        if address is not None:
            bind, listen, _ = next(self.originals[kind] for kind in type(sock).__mro__ if kind in self.originals)
            bind(sock, address)
            listen(sock, backlog)

    def address(self, sock):
        """Host and port that a socket was asked for; `unix:path` is a host."""
        name = self.asked.get(sock)
        if name is None:
            name = sock.getsockname()
        return name[:2] if isinstance(name, tuple) else ("unix:" + os.fsdecode(name), 0)

    def take(self, sock):
        """The same, of a socket that TSGI takes the place of."""
        address = self.address(sock)
        sock.close()
        return address


def is_fixed(address):
    """Whether an address can be asked for: a free port is known only once it is bound."""
    return not isinstance(address, tuple) or address[1] != 0
