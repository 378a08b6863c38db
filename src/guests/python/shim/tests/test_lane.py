import random
import threading
import unittest

from ..lane import KEY_LISTS, KEY_LISTS_OF_MANY, LOG_CHARACTERS, LOG_FRAMES, RECEIVE_BYTES, Lane
from ..wire import ANSWER, BODY, FAILED, KEYED, KEYS, LOG, REQUEST, LaneClosed
from .host import Host, frame, frames_of, kinds


class LaneTest(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.lane = self.host.lane
        self.addCleanup(self.host.close)

    def requests(self):
        """What was received and not started: number, flags, the bytes of the head, the bytes of the body."""
        return [
            (request_id, flags, data[start:middle], data[middle:end])
            for request_id, flags, _, data, start, middle, end in self.lane.pending
        ]


class Receiving(LaneTest):
    STREAM = (
        frame(REQUEST, b"A\x001\x00body", 1, 4, 0, 1)
        + frame(BODY, b"piece", 7, 0, 0, 0)
        + frame(REQUEST, b"", 2, 0, 0, 0)
        + frame(BODY, b"", 7, 0, 1, 0)
        + frame(REQUEST, b"B\x002\x00", 3, 4, 64, 1)
    )
    REQUESTS = [(1, 0, b"A\x001\x00", b"body"), (2, 0, b"", b""), (3, 64, b"B\x002\x00", b"")]
    MAIL = [(BODY, 0, 0, b"piece", 0), (BODY, 1, 0, b"", 0)]

    def check(self):
        self.assertEqual(self.requests(), self.REQUESTS)
        self.assertEqual(list(self.lane.mail), self.MAIL)
        self.assertEqual(self.lane.rest, b"")

    def test_frames_may_be_split_at_every_byte(self):
        for cut in range(len(self.STREAM) + 1):
            with self.subTest(cut=cut):
                self.lane.current = 7
                self.lane.file(self.STREAM[:cut])
                self.lane.file(self.STREAM[cut:])
                self.check()
                self.lane.pending.clear()
                self.lane.mail.clear()

    def test_frames_may_come_byte_by_byte(self):
        self.lane.current = 7
        for index in range(len(self.STREAM)):
            self.lane.file(self.STREAM[index : index + 1])
        self.check()

    def test_frames_may_be_split_anyhow(self):
        draw = random.Random(1)
        for _ in range(200):
            self.lane.current = 7
            cuts = sorted(draw.randrange(len(self.STREAM) + 1) for _ in range(draw.randrange(6)))
            for start, end in zip([0, *cuts], [*cuts, len(self.STREAM)]):
                self.lane.file(self.STREAM[start:end])
            self.check()
            self.lane.pending.clear()
            self.lane.mail.clear()

    def test_what_is_missing_is_told_once_the_header_is_there(self):
        whole = frame(REQUEST, b"x" * 100, 1)
        for cut in range(16):
            self.lane.rest = whole[:cut]
            self.assertEqual(self.lane.missing(), 0)
        for cut in range(16, 116):
            self.lane.rest = whole[:cut]
            self.assertEqual(self.lane.missing(), 116 - cut)

    def test_a_frame_longer_than_one_receive_comes_whole(self):
        body = bytes(range(256)) * (5 * RECEIVE_BYTES // 256)
        sending = threading.Thread(target=self.host.send, args=(REQUEST, body))
        sending.start()
        while not self.lane.pending:
            self.host.receive()
        sending.join()
        self.assertEqual(self.requests(), [(1, 0, b"", body)])

    def test_frames_for_a_request_that_is_over_are_dropped(self):
        self.lane.current = 2
        self.lane.file(frame(BODY, b"late", 1))
        self.assertFalse(self.lane.mail)

    def test_the_end_of_the_socket_closes_the_lane(self):
        self.host.sock.close()
        with self.assertRaises(LaneClosed):
            self.host.receive()

    def test_the_end_inside_of_a_long_frame_closes_the_lane(self):
        self.host.sock.sendall(frame(REQUEST, b"x" * 1000000, 1)[:100])
        self.host.sock.close()
        with self.assertRaises(LaneClosed):
            while True:
                self.host.receive()

    def test_what_the_watcher_has_filed_meanwhile_is_not_waited_for(self):
        before = self.lane.filed
        self.host.send(REQUEST)
        self.lane.receive_waiting()
        self.lane.receive(before)  # would block if it looked at the socket
        self.assertEqual(len(self.lane.pending), 1)

    def test_the_watcher_never_waits(self):
        self.lane.receive_waiting()  # there is nothing
        with self.lane.reading:
            self.host.send(REQUEST)
            self.lane.receive_waiting()  # another thread receives
        self.assertFalse(self.lane.pending)


class Keys(LaneTest):
    def test_a_list_of_keys_makes_an_environ_with_the_keys_of_all(self):
        self.lane.file(frame(KEYS, b"PATH_INFO\0QUERY_STRING", 0, 0, 0, 3))
        keys, environ = self.lane.key_lists[3]
        self.assertEqual(keys, ("PATH_INFO", "QUERY_STRING"))
        self.assertEqual(set(environ), set(self.lane.base) | set(keys))

    def test_a_request_belongs_to_the_list_that_its_number_stood_for_when_it_came(self):
        self.lane.file(
            frame(KEYS, b"A", 0, 0, 0, 0)
            + frame(REQUEST, b"1\0", 1, 2, KEYED, 0)
            + frame(KEYS, b"B", 0, 0, 0, 0)
            + frame(REQUEST, b"2\0", 2, 2, KEYED, 0)
        )
        self.assertEqual([known[0] for _, _, known, *_ in self.lane.pending], [("A",), ("B",)])

    def test_hundreds_of_lanes_remember_fewer_lists(self):
        many = Host(threads=65)
        self.addCleanup(many.close)
        self.assertEqual(len(self.lane.key_lists), KEY_LISTS)
        self.assertEqual(len(many.lane.key_lists), KEY_LISTS_OF_MANY)


class Waiting(LaneTest):
    def setUp(self):
        super().setUp()
        self.lane.current = 1

    def test_what_is_waited_for_is_picked_by_type_and_call(self):
        for kind, call in ((BODY, 0), (ANSWER, 2), (ANSWER, 1), (FAILED, 1)):
            self.host.send(kind, b"%d" % call, aux=call)
        self.assertEqual(self.lane.wait(1, ANSWER, FAILED, call=1)[3], b"1")
        self.assertEqual(self.lane.wait(1, ANSWER, FAILED, call=1)[0], FAILED)
        self.assertEqual(self.lane.wait(1, BODY)[0], BODY)
        self.assertEqual(self.lane.wait(1, ANSWER, call=2)[3], b"2")

    def test_frames_of_one_kind_come_in_their_order(self):
        for piece in (b"one", b"two", b"three"):
            self.host.send(BODY, piece)
        self.assertEqual([self.lane.wait(1, BODY)[3] for _ in range(3)], [b"one", b"two", b"three"])

    def test_what_waits_in_the_buffer_leaves_first(self):
        self.lane.log("before")
        self.host.send(BODY)
        self.lane.wait(1, BODY)
        self.assertFalse(self.lane.out)
        self.assertEqual(kinds(self.host.frames()), [LOG])

    def test_nothing_is_waited_for_after_the_request(self):
        with self.assertRaises(ValueError):
            self.lane.wait(2, BODY)

    def test_a_frame_that_the_watcher_receives_reaches_the_thread_that_waits(self):
        got = []
        self.lane.reading.acquire()  # as the watcher does
        answering = threading.Thread(target=lambda: got.append(self.lane.wait(1, BODY)), daemon=True)
        before = self.lane.filed
        answering.start()
        self.host.send(BODY, b"piece")
        self.lane.file(self.lane.raw.recv(65536))
        self.lane.reading.release()
        answering.join(30)
        self.assertEqual([each[3] for each in got], [b"piece"])
        self.assertEqual(self.lane.filed, before + 1)


class Sending(LaneTest):
    def test_frames_leave_in_their_order(self):
        self.lane.out.extend([b"one", b"two"])
        self.lane.send(b"three", b"four")
        self.assertEqual(self.host.sock.recv(100), b"onetwothreefour")
        self.assertEqual(self.lane.out_bytes, 0)

    def test_a_lane_that_nobody_reads_is_closed(self):
        self.host.sock.close()
        with self.assertRaises(LaneClosed):
            self.lane.send(b"x")

    def test_answers_that_are_kept_begin_anew(self):
        self.lane.kept_length[0] = 10
        self.assertEqual(self.lane.begin_keeping(), self.lane.kept_start)
        self.assertEqual(self.lane.kept_length[0], 0)


class Logging(LaneTest):
    def test_text_is_filed_under_the_request_that_runs(self):
        self.lane.current = 9
        self.lane.log("line\n")
        (line,) = self.host.frames()
        self.assertEqual((line.kind, line.request_id, line.text), (LOG, 9, "line\n"))

    def test_long_text_leaves_in_several_frames(self):
        text = "x" * (2 * LOG_CHARACTERS + 1)
        self.lane.log(text)
        frames = self.host.frames()
        self.assertEqual([len(each.text) for each in frames], [LOG_CHARACTERS, LOG_CHARACTERS, 1])
        self.assertEqual(self.host.log(frames), text)

    def test_text_that_utf8_lacks_is_escaped(self):
        self.lane.log("\ud800")
        self.assertEqual(self.host.log(self.host.frames()), "\\ud800")

    def test_the_own_thread_sends_when_many_lines_wait(self):
        for _ in range(LOG_FRAMES + 1):
            self.lane.log("x")
        self.assertFalse(self.lane.out)

    def test_no_line_of_another_thread_is_lost_while_the_lane_flushes(self):
        count = 5000
        others = [threading.Thread(target=lambda: [self.lane.log("x") for _ in range(count)]) for _ in range(2)]
        received = []

        def read():
            while len(frames_of(self.host.rest)) < 2 * count:
                self.host.rest += self.host.sock.recv(1 << 20)
            received.append(len(frames_of(self.host.rest)))

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        for other in others:
            other.start()
        while any(other.is_alive() for other in others):
            self.lane.flush()
        self.lane.flush()
        reading.join(60)
        self.assertEqual(received, [2 * count])

    def test_another_thread_outlives_a_host_that_has_gone(self):
        self.host.sock.close()
        failures = []

        def write():
            try:
                for _ in range(2000):
                    self.lane.log("x")
            except BaseException as error:
                failures.append(error)

        writing = threading.Thread(target=write)
        writing.start()
        writing.join()
        self.assertEqual(failures, [])


class TheBase(LaneTest):
    def test_each_environ_begins_with_the_keys_of_pep_3333(self):
        for key in "version url_scheme input errors multithread multiprocess run_once".split():
            self.assertIn("wsgi." + key, self.lane.base)
        self.assertIsInstance(self.lane, Lane)
