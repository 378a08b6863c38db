import struct
import threading
import unittest

from .. import serving
from ..response import Response
from ..wire import FREE, LOG, RESPONSE, RETURNED
from .host import Host, kinds


class FlusherTest(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.lane = self.host.lane
        self.flusher = self.host.guest.flusher

    def hold(self, *requests):
        """The lane is at request 1; these came with it."""
        for request_id in requests:
            self.host.request(request_id=request_id)
        if requests:
            self.host.receive()
        self.lane.current = 1

    def finish(self, request_id):
        """An answer that waits in the buffer."""
        response = Response(self.lane, request_id)
        response.start_response("200 OK", [])
        response.whole(b"x")

    def sent(self):
        """What left without the lane's thread."""
        waiting = list(self.lane.out)
        self.lane.out.clear()
        frames = self.host.frames()
        self.lane.out.extend(waiting)
        return frames


class Relieving(FlusherTest):
    def test_answers_that_wait_leave(self):
        self.hold()
        self.finish(9)
        self.flusher.relieve(self.lane, 1)
        self.assertEqual(kinds(self.sent()), [RESPONSE])
        self.assertFalse(self.lane.out)

    def test_requests_that_were_not_started_go_back_in_their_order(self):
        self.hold(2, 3, 4)
        self.flusher.relieve(self.lane, 1)
        (returned,) = self.sent()
        self.assertEqual((returned.kind, returned.request_id), (RETURNED, 0))
        self.assertEqual(struct.unpack("<3I", returned.payload), (2, 3, 4))
        self.assertFalse(self.lane.pending)

    def test_answers_leave_before_the_requests_that_go_back(self):
        self.hold(3)
        self.finish(2)
        self.flusher.relieve(self.lane, 1)
        self.assertEqual(kinds(self.sent()), [RESPONSE, RETURNED])

    def test_nothing_goes_back_once_the_lane_has_moved_on(self):
        self.hold(3)
        self.lane.current = 2
        self.flusher.relieve(self.lane, 1)
        self.assertEqual(self.sent(), [])
        self.assertEqual(len(self.lane.pending), 1)

    def test_a_lane_without_a_request_keeps_what_it_is_about_to_start(self):
        self.hold(2)
        self.lane.current = 0
        self.flusher.relieve(self.lane, 0)
        self.assertEqual(len(self.lane.pending), 1)

    def test_who_gives_back_leaves_a_note_first(self):
        self.hold(2)
        self.flusher.relieve(self.lane, 1)
        self.assertTrue(self.lane.has_returned)

    def test_a_lane_that_sends_is_left_alone(self):
        self.hold(2)
        self.lane.log("x")
        with self.lane.lock:
            self.flusher.relieve(self.lane, 1)
        self.assertEqual((len(self.lane.out), len(self.lane.pending)), (1, 1))

    def test_it_never_waits_for_the_host_and_loses_nothing(self):
        self.hold()
        count = 0
        while count < 200:
            # Nobody reads: what does not fit into the socket stays, in its order.
            self.lane.out.append(b"%07d\n" % count * 1000)
            count += 1
            self.flusher.relieve(self.lane, 1)
        self.assertTrue(self.lane.out)
        received = []

        def read():
            while sum(map(len, received)) < count * 8000:
                received.append(self.host.sock.recv(1 << 20))

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        self.lane.flush()
        reading.join(30)
        expected = b"".join(b"%07d\n" % number * 1000 for number in range(count))
        self.assertTrue(b"".join(received) == expected)

    def test_a_host_that_has_gone_is_the_lanes_affair(self):
        self.hold(2)
        self.host.sock.close()
        self.flusher.relieve(self.lane, 1)


class Running(unittest.TestCase):
    """The threads as they are in a process that serves."""

    def setUp(self):
        self.release = threading.Event()
        self.host = Host(self.application)
        self.host.guest.flusher.is_awake = False
        self.serving = threading.Thread(target=serving.serve, args=(self.host.lane,), daemon=True)
        self.serving.start()
        self.assertEqual(self.host.next_frame().kind, 64)

    def tearDown(self):
        self.release.set()
        self.host.sock.close()
        self.serving.join(30)

    def application(self, environ, start_response):
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/slow":
            self.release.wait(30)
        if environ["PATH_INFO"] == "/says":
            writing = threading.Thread(target=environ["wsgi.errors"].write, args=("from another thread",))
            writing.start()
            writing.join()
            self.release.wait(30)
        return [environ["PATH_INFO"].encode()]

    def ask(self, *paths):
        parts = []
        for request_id, path in enumerate(paths, 1):
            text = ("PATH_INFO\0%s\0" % path).encode()
            from .host import frame

            parts.append(frame(1, text, request_id, len(text), 64 if request_id < len(paths) else 0, 1))
        self.host.sock.sendall(b"".join(parts))

    def test_a_finished_answer_does_not_wait_for_a_slow_one(self):
        self.ask("/quick", "/slow")
        self.assertEqual(self.host.next_frame().body, b"/quick")
        self.release.set()
        self.assertEqual(self.host.next_frame().body, b"/slow")

    def test_requests_behind_a_slow_one_go_back_and_the_lane_is_free_after_it(self):
        self.ask("/slow", "/a", "/b")
        returned = self.host.next_frame()
        self.assertEqual((returned.kind, struct.unpack("<2I", returned.payload)), (RETURNED, (2, 3)))
        self.release.set()
        self.assertEqual([self.host.next_frame().kind for _ in range(2)], [RESPONSE, FREE])

    def test_requests_that_come_while_a_slow_one_runs_go_back_too(self):
        self.ask("/quick", "/slow")
        self.host.next_frame()
        self.host.request(environ=[("PATH_INFO", "/late")], request_id=7)
        returned = self.host.next_frame()
        self.assertEqual((returned.kind, returned.payload), (RETURNED, struct.pack("<I", 7)))

    def test_a_line_of_another_thread_does_not_wait_for_the_request(self):
        self.ask("/says")
        line = self.host.next_frame()
        self.assertEqual((line.kind, line.text), (LOG, "from another thread"))
