import io
import random
import struct
import tempfile
import threading
import unittest

from ..response import Response
from ..streams import EmptyInput, ErrorsStream, FileWrapper, StreamInput
from ..wire import BODY, END, GONE, PIECE_BYTES, READ, ClientGone
from .host import Host

LINES = b"".join(b"line %d %s\n" % (number, b"x" * (number * 37 % 211)) for number in range(300)) + b"no end"


class Client(threading.Thread):
    """Answers each READ with a piece of the body, shorter than asked for as it likes; notes what was asked."""

    def __init__(self, host, body, draw=None, gone_after=None):
        super().__init__(daemon=True)
        self.host, self.body, self.draw, self.gone_after = host, body, draw, gone_after
        self.asked = []

    def run(self):
        position = 0
        while True:
            try:
                asked = self.host.next_frame()
            except (EOFError, OSError):
                return
            assert asked.kind == READ
            size = struct.unpack("<I", asked.payload)[0]
            self.asked.append(size)
            if self.gone_after is not None and position >= self.gone_after:
                self.host.send(BODY, flags=GONE)
                continue
            size = min(size, self.draw.randrange(1, 9000)) if self.draw else size
            piece = self.body[position : position + size]
            position += len(piece)
            # The end may come with the last bytes, or in a frame of its own.
            at_end = position == len(self.body) and (not piece or self.draw is None or self.draw.random() < 0.5)
            self.host.send(BODY, piece, flags=END if at_end else 0)


class Streamed(unittest.TestCase):
    def open(self, body, **options):
        host = Host()
        self.addCleanup(host.close)
        host.lane.current = 1
        self.client = Client(host, body, **options)
        self.client.start()
        self.response = Response(host.lane, 1)
        return io.BufferedReader(StreamInput(self.response), PIECE_BYTES)

    def test_it_reads_as_a_file_does(self):
        acts = [
            lambda stream, draw: stream.read(draw.randrange(5000)),
            lambda stream, draw: stream.readline(),
            lambda stream, draw: stream.readline(draw.randrange(1, 50)),
            lambda stream, draw: stream.readlines(draw.randrange(1, 3000)),
            lambda stream, draw: next(stream, b""),
            lambda stream, draw: read_into(stream, draw.randrange(1, 3000)),
            lambda stream, draw: stream.read(0),
        ]
        for seed in range(25):
            draw, oracle = random.Random(seed), io.BufferedReader(io.BytesIO(LINES))
            stream = self.open(LINES, draw=random.Random(seed))
            while oracle.tell() < len(LINES):
                act, state = draw.choice(acts), draw.getstate()
                expected = act(oracle, draw)
                draw.setstate(state)
                self.assertEqual(act(stream, draw), expected, "seed %d" % seed)
            for read in (stream.read, stream.readline, stream.readlines, lambda: stream.read(10)):
                self.assertIn(read(), (b"", []))

    def test_all_of_it_is_read_at_once(self):
        for draw in (None, random.Random(1)):
            self.assertEqual(self.open(LINES, draw=draw).read(), LINES)

    def test_the_rest_is_read_after_a_part(self):
        stream = self.open(LINES, draw=random.Random(2))
        self.assertEqual(stream.read(7) + stream.read(), LINES)

    def test_its_lines_are_iterated(self):
        self.assertEqual(list(self.open(LINES, draw=random.Random(3))), LINES.splitlines(True))

    def test_an_empty_body_ends_at_once(self):
        for read in ("read", "readline", "readlines"):
            self.assertIn(getattr(self.open(b""), read)(), (b"", []))

    def test_no_more_is_asked_for_than_a_piece(self):
        self.open(bytes(3 * PIECE_BYTES)).read()
        self.assertEqual(max(self.client.asked), PIECE_BYTES)

    def test_nothing_is_asked_for_after_the_end(self):
        stream = self.open(b"body")
        stream.read()
        asked = len(self.client.asked)
        self.assertEqual((stream.read(), stream.read(5), stream.readline()), (b"", b"", b""))
        self.assertEqual(len(self.client.asked), asked)

    def test_a_client_that_leaves_is_an_error_and_then_the_end(self):
        stream = self.open(LINES, draw=random.Random(4), gone_after=20000)
        with self.assertRaises(ClientGone):
            stream.read()
        self.assertEqual(stream.raw.read(10), b"")

    def test_it_ends_with_its_request(self):
        stream = self.open(LINES)
        self.response.done = True
        with self.assertRaises(ValueError):
            stream.read(1)


def read_into(stream, size):
    buffer = bytearray(size)
    count = stream.readinto(buffer)
    return bytes(buffer[:count])


class Empty(unittest.TestCase):
    def test_it_reads_as_an_empty_file_does(self):
        for act in (
            lambda stream: stream.read(),
            lambda stream: stream.read(10),
            lambda stream: stream.read(-1),
            lambda stream: stream.readline(),
            lambda stream: stream.readline(3),
            lambda stream: stream.readlines(),
            lambda stream: stream.readlines(5),
            lambda stream: list(stream),
            lambda stream: stream.readinto(bytearray(3)),
            lambda stream: stream.readable(),
            lambda stream: stream.closed,
        ):
            self.assertEqual(act(EmptyInput()), act(io.BytesIO()))

    def test_it_can_be_wrapped_in_text(self):
        self.assertEqual(io.TextIOWrapper(io.BufferedReader(io.BytesIO(EmptyInput().read()))).read(), "")

    def test_closing_it_changes_nothing_for_others(self):
        stream = EmptyInput()
        stream.close()
        self.assertEqual((stream.closed, stream.read()), (False, b""))


class Errors(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.errors = ErrorsStream(self.host.lane)

    def test_it_takes_text_only(self):
        for value in (b"x", None, 1):
            with self.assertRaises(TypeError):
                self.errors.write(value)

    def test_it_writes_as_a_text_file_does(self):
        self.assertEqual(self.errors.write("añb"), 3)
        self.errors.writelines(iter(["c", "", "d"]))
        print("e", file=self.errors, flush=True)
        self.assertEqual(self.host.log(self.host.frames()), "añbcde\n")

    def test_nothing_is_sent_for_nothing(self):
        self.assertEqual(self.errors.write(""), 0)
        self.assertEqual(self.host.frames(), [])


class Files(unittest.TestCase):
    def test_a_file_is_read_block_by_block(self):
        wrapper = FileWrapper(io.BytesIO(b"0123456789"), 4)
        self.assertIs(iter(wrapper), wrapper)
        self.assertEqual(list(wrapper), [b"0123", b"4567", b"89"])

    def test_it_is_closed_with_its_wrapper(self):
        with tempfile.TemporaryFile() as file:
            FileWrapper(file).close()
            self.assertTrue(file.closed)

    def test_what_cannot_be_closed_has_no_close(self):
        class Source:
            def read(self, size):
                return b""

        self.assertFalse(hasattr(FileWrapper(Source()), "close"))
