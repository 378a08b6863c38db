import sys
import unittest

from .. import response as module
from ..response import Response
from ..wire import CHUNK, END, HINTS, MAX_HEAD_BYTES, RESPONSE, ClientGone
from .host import KEPT_BYTES, Host, frames_of, kinds


class ResponseTest(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.host.lane.current = 1
        self.response = Response(self.host.lane, 1)
        self.start = self.response.start_response


class StartResponse(ResponseTest):
    def test_it_is_called_once(self):
        self.start("200 OK", [])
        with self.assertRaises(AssertionError):
            self.start("200 OK", [])

    def test_with_exc_info_it_replaces_a_head_that_has_not_left(self):
        self.start("200 OK", [])
        try:
            raise KeyError("a")
        except KeyError:
            self.start("500 Oh", [], sys.exc_info())
        self.response.whole(b"")
        self.assertEqual(self.host.frames()[0].head, ["500 Oh"])

    def test_with_exc_info_it_raises_again_once_the_head_has_left(self):
        self.start("200 OK", [])(b"x")
        with self.assertRaises(KeyError):
            try:
                raise KeyError("a")
            except KeyError:
                self.start("500 Oh", [], sys.exc_info())

    def test_not_after_the_request(self):
        self.response.done = True
        with self.assertRaises(AssertionError):
            self.start("200 OK", [])

    def test_a_head_that_is_refused_does_not_count(self):
        with self.assertRaises(ValueError):
            self.start("200", [])
        self.start("200 OK", [])


class Write(ResponseTest):
    def test_each_call_leaves_at_once_and_the_first_takes_the_head(self):
        write = self.start("200 OK", [("A", "1")])
        write(b"one")
        (first,) = self.host.frames()
        self.assertEqual((first.kind, first.head, first.body, first.aux, first.flags), (RESPONSE, ["200 OK", "A", "1"], b"one", 200, 0))
        write(b"two")
        (second,) = self.host.frames()
        self.assertEqual((second.kind, second.payload, second.flags), (CHUNK, b"two", 0))

    def test_nothing_takes_the_head_once(self):
        write = self.start("200 OK", [])
        write(b"")
        write(b"")
        (frame,) = self.host.frames()
        self.assertEqual((frame.kind, frame.body, frame.flags), (RESPONSE, b"", 0))

    def test_it_takes_bytes(self):
        write = self.start("200 OK", [])
        for data in ("text", bytearray(b"x"), memoryview(b"x"), None, 1):
            with self.subTest(data=data), self.assertRaises(TypeError):
                write(data)

    def test_not_after_the_request(self):
        write = self.start("200 OK", [])
        self.response.done = True
        with self.assertRaises(AssertionError):
            write(b"x")

    def test_it_stops_when_the_client_has_left(self):
        write = self.start("200 OK", [])
        write(b"one")
        self.host.guest.aborted[0] = 1
        with self.assertRaises(ClientGone):
            write(b"two")

    def test_that_another_client_has_left_is_no_matter(self):
        write = self.start("200 OK", [])
        write(b"one")
        self.host.guest.aborted[0] = 2
        write(b"two")

    def test_a_chunk_longer_than_a_frame_leaves_in_pieces(self):
        before, module.LONG_BYTES = module.LONG_BYTES, 4
        try:
            self.start("200 OK", [])
            self.response.send_long(b"0123456789")
        finally:
            module.LONG_BYTES = before
        frames = self.host.frames()
        self.assertEqual([each.body for each in frames], [b"0123", b"4567", b"89"])
        self.assertEqual(kinds(frames), [RESPONSE, CHUNK, CHUNK])


class Whole(ResponseTest):
    def test_an_answer_is_one_frame_that_waits_for_its_neighbours(self):
        self.start("200 OK", [])
        self.response.whole(b"body")
        self.assertEqual(len(self.host.lane.out), 1)
        (only,) = self.host.frames()
        self.assertEqual((only.kind, only.flags, only.body), (RESPONSE, END, b"body"))

    def test_not_without_a_head(self):
        for act in (self.response.whole, self.response.send):
            with self.assertRaises(AssertionError):
                act(b"body")

    def kept(self):
        return frames_of(bytes(self.host.memory[12 : 12 + self.host.lane.kept_length[0]]))

    def answer(self, request_id, body):
        response = Response(self.host.lane, request_id)
        response.start_response("200 OK", [])
        response.whole(body)

    def test_answers_that_wait_are_kept_where_tsgi_finds_them(self):
        self.host.lane.pending.append(None)  # one more request
        self.answer(1, b"one")
        self.answer(2, b"two")
        self.assertEqual([(each.request_id, each.body) for each in self.kept()], [(1, b"one"), (2, b"two")])

    def test_what_was_sent_is_kept_no_longer(self):
        self.host.lane.pending.append(None)
        self.answer(1, b"one")
        self.host.lane.flush()
        self.answer(2, b"two")
        self.assertEqual([each.body for each in self.kept()], [b"two"])

    def test_when_the_place_is_full_the_answers_leave(self):
        self.host.lane.pending.append(None)
        for number in range(1, 20):
            self.answer(number, b"x" * 50)
        bodies = len(self.host.frames()), len(self.kept())
        self.assertEqual(bodies[0], 19)
        self.assertLessEqual(self.host.lane.kept_length[0], KEPT_BYTES)

    def test_an_answer_that_does_not_fit_is_not_kept(self):
        self.host.lane.pending.append(None)
        self.answer(1, b"x" * KEPT_BYTES)
        self.assertEqual(self.kept(), [])

    def test_the_last_of_a_batch_is_not_kept(self):
        self.answer(1, b"one")
        self.assertEqual(self.kept(), [])


class EarlyHints(ResponseTest):
    def test_they_leave_at_once(self):
        self.response.early_hints([("Link", "</a>; rel=preload"), ("Link", "</b>")])
        (hint,) = self.host.frames()
        self.assertEqual((hint.kind, hint.payload), (HINTS, b"Link\0</a>; rel=preload\0Link\0</b>"))

    def test_they_are_checked_as_headers_are(self):
        for headers, error in (
            ([("Link", "a\r\nb")], ValueError),
            ([("a b", "c")], ValueError),
            ([("Link", b"x")], TypeError),
            ([("Link", "x" * MAX_HEAD_BYTES)], ValueError),
        ):
            with self.assertRaises(error):
                self.response.early_hints(headers)
        self.assertEqual(self.host.frames(), [])

    def test_once_the_answer_has_begun_they_are_too_late(self):
        self.start("200 OK", [])(b"x")
        self.host.frames()
        self.response.early_hints([("Link", "</a>")])
        self.assertEqual(self.host.frames(), [])


class TheRequest(ResponseTest):
    def test_nothing_is_asked_for_it_when_it_is_over(self):
        self.response.check_open("This")
        self.host.lane.current = 2
        with self.assertRaises(ValueError):
            self.response.check_open("This")
        self.host.lane.current = 1
        self.response.done = True
        with self.assertRaises(ValueError):
            self.response.check_open("This")
