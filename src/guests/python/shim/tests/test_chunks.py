import unittest

from .. import chunks


class Chunks(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, chunks, "takes_text", False)

    def test_bytes_are_joined(self):
        self.assertEqual(chunks.joined([]), b"")
        self.assertEqual(chunks.joined([b"a", b"", b"b"]), b"ab")

    def test_text_is_refused(self):
        for wrong in ("text", None, 1, bytearray(b"x"), ["x"]):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(TypeError, "chunk of type %s" % type(wrong).__name__):
                chunks.joined([b"a", wrong])

    def test_scripts_may_return_text(self):
        chunks.takes_text = True
        self.assertEqual(chunks.joined([b"a", "\xe9", "\u20ac"]), b"a\xe9\xe2\x82\xac")

    def test_scripts_may_return_nothing_else(self):
        chunks.takes_text = True
        with self.assertRaises(TypeError):
            chunks.joined(["a", 1])
