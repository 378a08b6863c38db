import datetime
import json
import struct
import threading
import unittest

from ..inner import InnerApplication, InnerApplicationError, encode_environ
from ..shared import Session
from ..wire import (
    ANSWER,
    ASK,
    CALL,
    DROP,
    END,
    FAIL,
    FAILED,
    GIVE,
    HAS_INNER,
    HAS_JSON,
    MAX_FRAME_BYTES,
    PIECE,
    PULL,
    REFRESH,
    RESPONSE,
)
from .host import Host, frame, frames_of, kinds


class Encoding(unittest.TestCase):
    def decoded(self, environ):
        text, pairs, has_json = encode_environ(environ)
        parts = text.decode("latin-1").split("\0")
        self.assertEqual(parts.pop(), "")
        self.assertEqual(len(parts), 2 * pairs)
        known = dict(zip(parts[::2], parts[1::2]))
        self.assertEqual("tsgi.json" in known, has_json)
        return known, json.loads(known.pop("tsgi.json", "{}"))

    def test_latin_1_text_travels_as_it_is(self):
        environ = {"A": "", "PATH_INFO": "/\xe9\xff"}
        self.assertEqual(self.decoded(environ), (environ, {}))

    def test_text_with_a_nul_or_beyond_latin_1_makes_no_key(self):
        environ = {"a": "x\0HTTP_EVIL\0y", "b\0c": "d", "e": "\u20ac", "f": "plain"}
        plain, others = self.decoded(environ)
        self.assertEqual(plain, {"f": "plain"})
        self.assertEqual(others, {"a": "x\0HTTP_EVIL\0y", "b\0c": "d", "e": "\u20ac"})

    def test_values_of_json_travel(self):
        moment = datetime.datetime(2024, 1, 2)
        _, others = self.decoded({"a": 1, "b": [None, True], "c": b"\0\xff", "d": moment})
        self.assertEqual(others["a"], 1)
        self.assertEqual(others["b"], [None, True])
        self.assertEqual((others["c"], others["d"]), ({"tsgi:bytes": "AP8="}, {"tsgi:datetime": "2024-01-02T00:00:00"}))

    def test_what_cannot_travel_stays(self):
        circle = []
        circle.append(circle)
        environ = {"wsgi.errors": object(), "wsgi.version": (1, 0), "x": object(), "y": {object()}, "z": circle}
        self.assertEqual(self.decoded(environ), ({}, {}))


class Calling(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.inner = InnerApplication(self.host.guest)

    def call(self, application, *frames, **request):
        """The frames of a filter's answer; it is call number 1 of the process whatever was before."""
        from ..inner import InnerCall

        InnerCall.calls = 0
        return self.host.call(application, *frames, flags=HAS_INNER, **request)

    @staticmethod
    def answer(body=b"", flags=END, head=b"200 OK\0A\x001"):
        return frame(ANSWER, head + body, head=len(head), flags=flags, aux=1)

    def test_the_environ_goes_and_the_answer_comes(self):
        frames = self.call(self.inner, self.answer(b"inner"), environ=[("PATH_INFO", "/x")])
        call, answer = frames
        self.assertEqual((call.kind, call.aux, call.head_length), (CALL, 1, 4))
        self.assertIn(b"PATH_INFO\0/x\0", call.body)
        self.assertEqual(call.body.count(b"\0"), 2 * struct.unpack_from("<I", call.payload)[0])
        self.assertEqual((answer.kind, answer.head, answer.body), (RESPONSE, ["200 OK", "A", "1"], b"inner"))

    def test_values_that_are_no_text_are_announced(self):
        def application(environ, start_response):
            environ["mine"] = [1]
            return self.inner(environ, start_response)

        self.assertEqual(self.call(application, self.answer())[0].flags, HAS_JSON)

    def test_a_long_answer_is_pulled_piece_by_piece(self):
        pieces = frame(PIECE, b"two", aux=1), frame(PIECE, b"three", flags=END, aux=1)
        frames = self.call(self.inner, self.answer(b"one", flags=0), *pieces)
        self.assertEqual([each.kind for each in frames if each.kind in (CALL, PULL)], [CALL, PULL, PULL])
        self.assertEqual(b"".join(each.body for each in frames if each.kind not in (CALL, PULL)), b"onetwothree")

    def test_it_reads_what_the_filter_gives_it(self):
        ask = frame(ASK, struct.pack("<I", 3), aux=1)
        frames = self.call(self.inner, ask, ask, ask, self.answer(), body=b"12345")
        self.assertEqual([(each.payload, each.flags) for each in frames if each.kind == GIVE], [(b"123", 0), (b"45", 0), (b"", END)])

    def test_an_input_that_gives_no_bytes_is_a_mistake_of_the_filter(self):
        class Input:
            def read(self, size):
                return "text"

        def application(environ, start_response):
            environ["wsgi.input"] = Input()
            return self.inner(environ, start_response)

        frames = self.call(application, frame(ASK, struct.pack("<I", 3), aux=1))
        self.assertEqual(frames[-1].kind, FAIL)
        self.assertIn("wsgi.input.read() returned str", frames[-1].text)

    def test_its_failure_is_an_error_of_the_call(self):
        caught = []

        def application(environ, start_response):
            try:
                self.inner(environ, start_response)
            except InnerApplicationError as error:
                caught.append(str(error))
            start_response("500 Caught", [])
            return []

        self.call(application, frame(FAILED, "öh".encode(), aux=1))
        self.assertEqual(caught, ["öh"])

    def test_a_failure_in_the_middle_reaches_who_iterates(self):
        frames = self.call(self.inner, self.answer(b"one", flags=0), frame(FAILED, b"late", aux=1))
        self.assertIn("late", frames[-1].text)
        self.assertEqual(frames[-1].kind, FAIL)

    def test_a_filter_that_wants_no_more_says_so(self):
        def application(environ, start_response):
            self.inner(environ, start_response).close()
            return []

        frames = self.call(application, self.answer(b"one", flags=0))
        self.assertEqual(kinds(frames), [CALL, DROP, RESPONSE])

    def test_what_was_complete_is_not_dropped(self):
        def application(environ, start_response):
            return [b"".join(self.inner(environ, start_response))]

        self.assertEqual(kinds(self.call(application, self.answer(b"one"))), [CALL, RESPONSE])

    def test_two_calls_keep_apart(self):
        def application(environ, start_response):
            first = self.inner(dict(environ), start_response)
            second = self.inner(dict(environ), lambda *_: None)
            return [b"|".join([b"".join(second), b"".join(first)])]

        other = frame(ANSWER, b"200 OKsecond", head=6, flags=END, aux=2)
        pieces = other, self.answer(b"fir", flags=0), frame(PIECE, b"st", flags=END, aux=1)
        self.assertEqual(self.call(application, *pieces)[-1].body, b"second|first")

    def test_it_refreshes_the_shared_values(self):
        def application(environ, start_response):
            body = self.inner(environ, start_response)
            self.assertIsInstance(environ["s"], Session)
            self.seen = dict(environ["s"])
            return body

        shared = json.dumps({"tsgi.shared": {"s": ["session", '{"a": 1}']}})
        from ..inner import InnerCall

        InnerCall.calls = 0
        refresh = frame(REFRESH, b'{"s": "{\\"a\\": 2}", "nobody": "x"}', aux=1)
        self.host.call(application, refresh, self.answer(), environ=[("tsgi.json", shared)], flags=HAS_INNER | HAS_JSON)
        self.assertEqual(self.seen, {"a": 2})

    def test_it_is_called_from_the_thread_of_the_request_only(self):
        errors = []

        def elsewhere():
            try:
                self.inner({}, None)
            except RuntimeError as error:
                errors.append(str(error))

        elsewhere()  # there is no request
        self.host.lane.current = 1
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        self.assertEqual(len(errors), 2)

    def test_a_body_that_outlives_its_request_asks_for_nothing(self):
        kept = []

        def application(environ, start_response):
            kept.append(self.inner(environ, start_response))
            return []

        self.call(application, self.answer(b"", flags=0))
        with self.assertRaises(ValueError):
            next(kept[0])
        kept[0].close()
        self.assertEqual(self.host.frames(), [])

    def test_an_environ_that_no_frame_holds_is_refused(self):
        def application(environ, start_response):
            environ["HTTP_LONG"] = "x" * (MAX_FRAME_BYTES + 1)
            return self.inner(environ, start_response)

        (fail,) = self.call(application)
        self.assertIn("expected at most %d" % MAX_FRAME_BYTES, fail.text)
        self.assertEqual(frames_of(b""), [])
