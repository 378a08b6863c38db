import unittest

from .. import head
from ..head import CACHE_BYTES, CACHE_ENTRIES, Head, head_of
from ..wire import MAX_HEAD_BYTES


class Statuses(unittest.TestCase):
    def test_a_status_has_three_digits_a_space_and_a_reason(self):
        for status in ("200 OK", "404 Not Found", "299 ", "999 \xfcber\tall"):
            self.assertEqual(Head(status, []).code, int(status[:3]))

    def test_any_other_status_is_refused(self):
        for status in ("200", "", "20 OK", "099 OK", "2000 OK", " 200 OK", "200 OK\r\nX: 1", "200 O\0K", "200 \u20ac", "٢٠٠ OK"):
            with self.subTest(status=status), self.assertRaises(ValueError):
                Head(status, [])

    def test_a_status_is_a_str(self):
        for status in (200, b"200 OK", None):
            with self.subTest(status=status), self.assertRaises(TypeError):
                Head(status, [])

    def test_informational_answers_and_204_and_304_have_no_body(self):
        without = [code for code in (100, 199, 200, 201, 204, 206, 304, 404) if not Head("%d x" % code, []).has_body]
        self.assertEqual(without, [100, 199, 204, 304])


class Headers(unittest.TestCase):
    def test_they_travel_in_their_order_separated_by_nul(self):
        made = Head("200 OK", [("Set-Cookie", "a=1"), ("X-Name", "\xe9"), ("Set-Cookie", "b=2")])
        self.assertEqual(made.data, b"200 OK\0Set-Cookie\0a=1\0X-Name\0\xe9\0Set-Cookie\0b=2")

    def test_a_value_cannot_end_its_line(self):
        for value in ("a\r\nSet-Cookie: b", "a\n", "\r", "a\0b", "\x7f", "\x1b[0m", "\u0100"):
            with self.subTest(value=value), self.assertRaises(ValueError):
                Head("200 OK", [("X", value)])

    def test_a_name_is_a_token(self):
        for name in ("", "a b", "a:", "a\r\n", "a\0", "\xe9", "(x)", "a\n"):
            with self.subTest(name=name), self.assertRaises(ValueError):
                Head("200 OK", [(name, "1")])

    def test_they_are_a_list_of_pairs_of_str(self):
        wrong = [(("A", "1"),), None, {"A": "1"}, [["A", "1"]], [("A",)], [("A", "1", "2")], [("A", 1)], [(b"A", "1")], ["A1"]]
        for headers in wrong:
            with self.subTest(headers=headers), self.assertRaises(TypeError):
                Head("200 OK", headers)

    def test_those_of_a_connection_are_the_servers(self):
        for name in ("Connection", "KEEP-ALIVE", "Transfer-Encoding", "upgrade", "TE", "Trailer"):
            self.assertEqual(Head("200 OK", [(name, "x"), ("A", "1")]).data, b"200 OK\0A\x001")

    def test_a_content_length_is_digits(self):
        self.assertEqual(Head("200 OK", [("content-LENGTH", "007")]).length, 7)
        for value in ("", "-1", "+1", "1 ", "1,1", "0x1", "1_0", "\xb2"):
            with self.subTest(value=value), self.assertRaises(ValueError):
                Head("200 OK", [("Content-Length", value)])

    def test_two_content_lengths_agree(self):
        self.assertEqual(Head("200 OK", [("Content-Length", "1"), ("Content-Length", "1")]).length, 1)
        with self.assertRaises(ValueError):
            Head("200 OK", [("Content-Length", "1"), ("content-length", "2")])

    def test_a_status_among_the_headers_is_cgi(self):
        with self.assertRaises(ValueError):
            Head("200 OK", [("Status", "404 Not Found")])

    def test_more_than_tsgi_takes_is_refused(self):
        value = "x" * (MAX_HEAD_BYTES - len("200 OK\0A\0"))
        self.assertEqual(len(Head("200 OK", [("A", value)]).data), MAX_HEAD_BYTES)
        with self.assertRaises(ValueError):
            Head("200 OK", [("A", value + "x")])


class TheCache(unittest.TestCase):
    def setUp(self):
        head._heads.clear()
        self.addCleanup(head._heads.clear)

    def test_the_same_head_is_checked_once(self):
        made = head_of("200 OK", [("A", "1")])
        self.assertIs(head_of("200 OK", [("A", "1")]), made)
        self.assertIsNot(head_of("200 OK", [("A", "2")]), made)
        self.assertIsNot(head_of("201 OK", [("A", "1")]), made)

    def test_a_tuple_of_headers_is_refused_although_the_list_was_right(self):
        head_of("200 OK", [("A", "1")])
        with self.assertRaises(TypeError):
            head_of("200 OK", (("A", "1"),))

    def test_what_is_wrong_is_wrong_each_time(self):
        for _ in range(2):
            with self.assertRaises(ValueError):
                head_of("200 OK", [("A", "\r\n")])

    def test_headers_that_cannot_be_hashed_are_checked(self):
        with self.assertRaises(TypeError):
            head_of("200 OK", [["A", "1"]])

    def test_its_memory_is_bounded(self):
        for number in range(3 * CACHE_ENTRIES):
            head_of("200 OK", [("A", str(number))])
            self.assertLessEqual(len(head._heads), CACHE_ENTRIES)
        head_of("200 OK", [("A", "x" * CACHE_BYTES)])
        self.assertTrue(all(len(each.data) <= CACHE_BYTES for each in head._heads.values()))
