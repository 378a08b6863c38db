import io
import os
import tempfile
import unittest

from ..streams import EmptyInput
from ..wire import (
    BODY,
    BODY_FILE,
    BODY_STREAM,
    CHUNK,
    END,
    FAIL,
    FILE,
    FILE_REGION,
    GONE,
    HAS_HINTS,
    HAS_JSON,
    HINTS,
    LOG,
    READ,
    RESPONSE,
    RETIRE,
    TAKEN,
    ClientGone,
    LaneClosed,
)
from .host import Host, frame, kinds


class ServingTest(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.call = self.host.call

    def environ_of(self, **request):
        """The environ that an application is given; None when it is not called."""
        seen = []

        def application(environ, start_response):
            seen.append(environ)
            start_response("200 OK", [])
            return []

        self.frames = self.call(application, **request)
        return seen[0] if seen else None

    def check_fails(self, frames, text):
        (fail,) = frames
        self.assertEqual((fail.kind, fail.flags & END), (FAIL, END))
        self.assertIn(text, fail.text)
        return fail


class Environ(ServingTest):
    def test_pairs_of_latin_1_arrive(self):
        pairs = [("A", ""), ("PATH_INFO", "/\xe9\xff"), ("HTTP_X", "a=b, c")]
        environ = self.environ_of(environ=pairs)
        self.assertEqual([(key, environ[key]) for key, _ in pairs], pairs)

    def test_it_has_what_pep_3333_demands(self):
        environ = self.environ_of()
        self.assertEqual((environ["wsgi.version"], environ["wsgi.run_once"]), ((1, 0), False))
        self.assertIsInstance(environ["wsgi.input"], EmptyInput)

    def test_each_request_has_its_own(self):
        first = self.environ_of()
        first["wsgi.errors"] = first["mine"] = None
        second = self.environ_of()
        self.assertIsNotNone(second["wsgi.errors"])
        self.assertNotIn("mine", second)

    def test_gunicorns_name_of_the_uri_is_there(self):
        self.assertEqual(self.environ_of(environ=[("REQUEST_URI", "/a?b")])["RAW_URI"], "/a?b")
        self.assertNotIn("RAW_URI", self.environ_of())

    def test_a_nul_in_a_value_makes_no_key(self):
        environ = self.environ_of(environ=[("HTTP_A", "x\0HTTP_SECRET\0y"), ("B", "2")], pairs=2)
        self.assertIsNone(environ)
        self.check_fails(self.frames, "holds a NUL")

    def test_a_wrong_number_of_pairs_is_refused(self):
        for pairs in (0, 1, 3, 65535):
            self.assertIsNone(self.environ_of(environ=[("A", "1"), ("B", "2")], pairs=pairs))
            self.check_fails(self.frames, "holds a NUL")

    def test_an_environ_may_be_empty(self):
        self.assertIsNotNone(self.environ_of(environ=[]))

    def keyed(self, *values, number=0):
        seen = []

        def application(environ, start_response):
            seen.append(environ)
            start_response("200 OK", [])
            return []

        self.host.guest.application = application
        self.host.keyed(number, *values)
        self.frames = self.host.answer()
        return seen[0] if seen else None

    def test_values_belong_to_the_keys_of_their_list(self):
        self.host.keys(0, "A", "B")
        environ = self.keyed("1", "\xe9")
        self.assertEqual((environ["A"], environ["B"], environ["wsgi.run_once"]), ("1", "\xe9", False))

    def test_values_of_one_request_are_not_seen_by_the_next(self):
        self.host.keys(0, "A", "B")
        self.keyed("1", "2")["A"] = "mine"
        self.assertEqual(self.keyed("3", "4")["A"], "3")

    def test_values_and_keys_are_equal_in_number(self):
        self.host.keys(0, "A", "B")
        for values in ((), ("1",), ("1", "2", "3"), ("1\0x", "2")):
            self.assertIsNone(self.keyed(*values))
            self.check_fails(self.frames, "holds a NUL")

    def test_values_of_json_arrive_with_their_types(self):
        environ = self.environ_of(environ=[("tsgi.json", '{"a": [1, true, null], "b": {"tsgi:bytes": "AP8="}}')], flags=HAS_JSON)
        self.assertEqual((environ["a"], environ["b"]), ([1, True, None], b"\0\xff"))
        self.assertNotIn("tsgi.json", environ)

    def test_early_hints_are_there_where_they_may_be_sent(self):
        def application(environ, start_response):
            environ["wsgi.early_hints"]([("Link", "</a>")])
            start_response("200 OK", [])
            return []

        self.assertEqual(kinds(self.call(application, flags=HAS_HINTS)), [HINTS, RESPONSE])
        self.assertNotIn("wsgi.early_hints", self.environ_of())


class Bodies(ServingTest):
    @staticmethod
    def echo(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    def test_a_short_body_comes_with_the_request(self):
        (answer,) = self.call(self.echo, body=b"a\0b")
        self.assertEqual(answer.body, b"a\0b")

    def test_a_spooled_body_is_a_file_that_is_closed_afterwards(self):
        with tempfile.NamedTemporaryFile() as spooled:
            spooled.write(b"long")
            spooled.flush()
            seen = []

            def application(environ, start_response):
                seen.append(environ["wsgi.input"])
                return self.echo(environ, start_response)

            (answer,) = self.call(application, body=spooled.name.encode(), flags=BODY_FILE)
        self.assertEqual(answer.body, b"long")
        self.assertTrue(seen[0].closed)

    def test_a_spooled_body_that_is_not_there_fails_the_request(self):
        self.check_fails(self.call(self.echo, body=b"/nonexistent/body", flags=BODY_FILE), "FileNotFoundError")

    def test_a_long_body_is_pulled(self):
        frames = self.call(self.echo, frame(BODY, b"pie"), frame(BODY, b"ce", flags=END), flags=BODY_STREAM)
        self.assertEqual(kinds(frames), [READ, READ, RESPONSE])
        self.assertEqual(frames[-1].body, b"piece")

    def test_a_client_that_leaves_its_body_is_no_failure_of_the_application(self):
        (read, fail) = self.call(self.echo, frame(BODY, flags=GONE), flags=BODY_STREAM)
        self.assertEqual((read.kind, fail.kind, fail.flags, fail.payload), (READ, FAIL, END | GONE, b""))

    def test_what_came_too_late_is_not_mail_for_the_next_request(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            self.host.lane.mail.append((BODY, 0, 0, b"late", 0))
            return []

        self.call(application, flags=BODY_STREAM)
        self.assertFalse(self.host.lane.mail)


def returning(result, headers=()):
    def application(_environ, start_response):
        start_response("200 OK", list(headers))
        return result

    return application


class Closing:
    """An iterable that notes how often it was closed."""

    def __init__(self, chunks, error=None):
        self.chunks, self.error, self.closed = chunks, error, 0

    def __iter__(self):
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self):
        self.closed += 1
        if self.error is not None:
            raise self.error


class Answers(ServingTest):
    def test_a_list_is_one_frame(self):
        for result in ([], [b""], [b"ab"], [b"a", b"", b"b"]):
            (answer,) = self.call(returning(result))
            self.assertEqual((answer.kind, answer.flags, answer.body), (RESPONSE, END, b"".join(result)))

    def test_each_chunk_of_an_iterable_leaves_before_the_next_is_asked_for(self):
        sent = []

        def body():
            yield b"one"
            sent.append(kinds(self.host.frames()))
            yield b""
            yield b"two"
            sent.append(kinds(self.host.frames()))

        (last,) = self.call(returning(body()))
        self.assertEqual(sent, [[RESPONSE], [CHUNK]])
        self.assertEqual((last.kind, last.flags, last.payload), (CHUNK, END, b""))

    def test_an_iterable_without_chunks_is_an_empty_answer(self):
        for result in (iter(()), (b"",), (), {}):
            (answer,) = self.call(returning(result))
            self.assertEqual((answer.flags, answer.body), (END, b""))

    def test_a_first_chunk_of_the_announced_length_is_the_whole_answer(self):
        (answer,) = self.call(returning(iter([b"whole"]), [("Content-Length", "5")]))
        self.assertEqual((answer.flags, answer.body), (END, b"whole"))

    def test_what_comes_beyond_the_announced_length_is_dropped_and_said(self):
        log, answer = sorted(self.call(returning(iter([b"whole", b"more"]), [("Content-Length", "5")])), key=lambda each: each.kind == RESPONSE)
        self.assertEqual((answer.flags, answer.body), (END, b"whole"))
        self.assertEqual(log.text, "The application returned 4 bytes more than its Content-Length\n")

    def test_write_and_the_iterable_follow_each_other(self):
        def application(_environ, start_response):
            start_response("200 OK", [])(b"one")
            return [b"two"]

        frames = self.call(application)
        self.assertEqual([(each.kind, each.body) for each in frames], [(RESPONSE, b"one"), (CHUNK, b"two"), (CHUNK, b"")])

    def test_start_response_may_be_called_with_the_first_chunk(self):
        def application(_environ, start_response):
            start_response("201 Late", [])
            yield b"x"

        self.assertEqual(self.call(application)[0].head, ["201 Late"])

    def test_a_subclass_of_bytes_and_of_list_will_do(self):
        class Markup(bytes):
            pass

        class Chunks(list):
            pass

        self.assertEqual(self.call(returning([Markup(b"x")]))[0].body, b"x")
        self.assertEqual(self.call(returning(Chunks([b"x"])))[0].body, b"x")


class Failures(ServingTest):
    def test_a_body_is_an_iterable_of_bytes(self):
        for result, text in (
            (None, "returned None"),
            ("text", "a bare str"),
            (b"data", "a bare bytes"),
            (1, "not iterable"),
            (["text"], "chunk of type str"),
            ([b"a", None], "chunk of type NoneType"),
            ([bytearray(b"x")], "chunk of type bytearray"),
            (iter(["text"]), "chunk of type str"),
            ({"a": 1}, "chunk of type str"),
        ):
            with self.subTest(result=result):
                self.check_fails(self.call(returning(result)), text)

    def test_a_body_needs_a_head(self):
        for result in ([b"x"], [], iter([b"x"]), iter([])):
            self.check_fails(self.call(lambda environ, start_response: result), "start_response")

    def test_the_traceback_begins_in_the_application(self):
        def application(_environ, _start_response):
            raise RuntimeError("deliberate")

        fail = self.check_fails(self.call(application), "RuntimeError: deliberate")
        self.assertNotIn("serving.py", fail.text)
        self.assertEqual(fail.flags, END)

    def test_what_would_end_a_program_retires_the_process(self):
        class Ending(BaseException):
            pass

        for error in (SystemExit(1), KeyboardInterrupt(), MemoryError(), GeneratorExit(), Ending()):
            (fail,) = self.call(returning(Closing([error])))
            self.assertEqual(fail.flags, END | RETIRE)

    def test_a_failure_after_the_first_chunk_ends_the_answer(self):
        frames = self.call(returning(Closing([b"one", ValueError("late")])))
        self.assertEqual(kinds(frames), [RESPONSE, FAIL])

    def test_a_failure_after_the_complete_answer_is_only_said(self):
        body = Closing([b"one", ValueError("late")])
        frames = self.call(returning(body, [("Content-Length", "3")]))
        self.assertEqual(sorted(kinds(frames)), [RESPONSE, LOG])
        self.assertIn("failed after its answer was complete", self.host.log(frames))
        self.assertEqual(body.closed, 1)

    def test_a_client_that_has_left_is_no_failure(self):
        def body():
            yield b"one"
            self.host.guest.aborted[0] = 1
            yield b"two"

        frames = self.call(returning(body()))
        self.assertEqual([(each.kind, each.flags) for each in frames], [(RESPONSE, 0), (FAIL, END | GONE)])

    def test_the_next_request_is_answered_after_a_failure(self):
        self.call(returning(None))
        self.assertEqual(self.call(returning([b"x"]))[0].body, b"x")


class Close(ServingTest):
    def test_it_is_called_once_whatever_happens(self):
        for chunks in ([], [b"a"], [b"a", b"b"], [ValueError()], [b"a", ValueError()], ["text"], [SystemExit()], [ClientGone()]):
            for headers in ((), (("Content-Length", "1"),)):
                with self.subTest(chunks=chunks, headers=headers):
                    body = Closing(chunks)
                    self.call(returning(body, headers))
                    self.assertEqual(body.closed, 1)

    def test_it_is_called_when_tsgi_has_hung_up(self):
        body = Closing([b"x" * 1000] * 1000)
        self.host.request()
        self.host.receive()
        self.host.sock.close()
        self.host.guest.application = returning(body)
        from .. import serving

        with self.assertRaises(LaneClosed):
            serving.answer(self.host.lane, *self.host.lane.pending.popleft())
        self.assertEqual(body.closed, 1)

    def test_its_failure_does_not_change_the_answer(self):
        frames = self.call(returning(Closing([b"a"], error=ValueError("in close"))))
        self.assertEqual([kind for kind in kinds(frames) if kind != LOG], [RESPONSE, CHUNK])
        self.assertIn("The body's close() failed", self.host.log(frames))

    def test_its_failure_after_another_is_said_beside_it(self):
        frames = self.call(returning(Closing([KeyError("first")], error=ValueError("in close"))))
        self.assertIn("ValueError: in close", self.host.log(frames))
        self.assertIn("KeyError", frames[-1].text)

    def test_a_request_is_current_until_it_is_over(self):
        seen = []

        class Body(Closing):
            def close(body):
                seen.append(self.host.lane.current)

        self.call(returning(Body([b"x"])), request_id=5)
        self.assertEqual((seen, self.host.lane.current, self.host.guest.started[0]), ([5], 0, 5))


class Files(ServingTest):
    def setUp(self):
        super().setUp()
        self.file = tempfile.TemporaryFile()
        self.addCleanup(self.file.close)
        self.file.write(b"0123456789")
        self.file.flush()
        self.file.seek(2)

    def serve(self, *frames, headers=(), file=None):
        def application(environ, start_response):
            start_response("200 OK", list(headers))
            return environ["wsgi.file_wrapper"](self.file if file is None else file, 4)

        return self.call(application, *frames)

    def test_tsgi_sends_a_regular_file_from_where_it_stands(self):
        status = os.fstat(self.file.fileno())
        offer, end = self.serve(frame(TAKEN, flags=END))
        self.assertEqual((offer.kind, offer.head, end.kind, end.flags), (FILE, ["200 OK"], CHUNK, END))
        self.assertEqual(FILE_REGION.unpack_from(offer.body), (2, 8, status.st_dev, status.st_ino))
        self.assertTrue(os.path.isabs(offer.body[FILE_REGION.size :]))
        self.assertTrue(self.file.closed)

    def test_no_more_of_it_than_the_content_length(self):
        offer, _ = self.serve(frame(TAKEN, flags=END), headers=[("Content-Length", "3")])
        self.assertEqual(FILE_REGION.unpack_from(offer.body)[:2], (2, 3))

    def test_a_file_that_tsgi_does_not_take_is_read_here(self):
        frames = self.serve(frame(TAKEN))
        self.assertEqual(kinds(frames), [FILE, RESPONSE, CHUNK, CHUNK])
        self.assertEqual(b"".join(each.body for each in frames[1:]), b"23456789")

    def test_what_is_no_regular_file_is_read_here(self):
        self.assertEqual([each.body for each in self.serve(file=io.BytesIO(b"abcdef"))], [b"abcd", b"ef", b""])

    def test_an_answer_that_has_no_body_offers_no_file(self):
        def application(environ, start_response):
            start_response("304 Not Modified", [])
            return environ["wsgi.file_wrapper"](self.file, 4)

        self.assertNotIn(FILE, kinds(self.call(application)))
