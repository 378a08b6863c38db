"""The thread that keeps responses and requests from waiting in a lane while the lane's own thread is busy."""

import socket
import struct
import threading
import time

from .wire import HEADER, RETURNED

TICK_SECONDS = 0.002


class Flusher:
    """Makes sure that no response waits in a lane's buffer, and no request waits behind a slow one.

    Sleeps until a lane holds something back. Then, at each tick, a lane that is still on the request of the tick before
    has its finished answers sent and its requests that were not started given back.
    """

    def __init__(self, guest):
        self.guest = guest
        self.is_awake = False
        self.event = None

    def wake(self):
        self.is_awake = True
        if self.event is None:
            self.event = threading.Event()
            threading.Thread(target=self.run, name="tsgi-flusher", daemon=True).start()
        self.event.set()

    def run(self):
        seen = {}
        while True:
            self.event.wait()
            quiet = 0
            while quiet < 50:
                time.sleep(TICK_SECONDS)
                quiet += 1
                for lane in self.guest.lanes:
                    current = lane.current
                    if current != seen.get(lane.slot):
                        seen[lane.slot] = current
                        quiet = 0
                    elif current:
                        lane.receive_waiting()
                        if lane.out or lane.pending:
                            quiet = 0
                            self.relieve(lane, current)
                    elif lane.out:
                        quiet = 0
                        self.relieve(lane, current)
            self.is_awake = False
            self.event.clear()

    def relieve(self, lane, current):
        if not lane.lock.acquire(False):
            return
        try:
            pieces = []
            while lane.out:
                try:
                    pieces.append(lane.out.popleft())
                except IndexError:
                    break
            if current and lane.pending:
                pieces += self.give_back(lane, current)
            if pieces:
                data = b"".join(pieces)
                try:
                    sent = lane.raw.send(data, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    return
                if sent < len(data):
                    lane.out.appendleft(data[sent:])
        finally:
            lane.lock.release()

    def give_back(self, lane, current):
        """
        What was not started, as a frame. FREE follows once the thread of the lane is done with what it is at. Whoever is later sees
        the other: either the thread sees `has_returned`, or we see here that it has moved on. FREE goes into `out`, which has been
        emptied before, so it comes after this frame.
        """
        lane.has_returned = True
        if lane.current != current:
            return []
        returned = []
        while lane.pending:
            try:
                returned.append(lane.pending.pop()[0])
            except IndexError:
                break
        if not returned:
            return []
        returned.reverse()
        ids = struct.pack("<%dI" % len(returned), *returned)
        return [HEADER.pack(len(ids), 0, 0, RETURNED, 0, 0) + ids]
