import sys
import unittest

from .. import reports
from ..reports import REPORT_CHARACTERS, cut, is_in_front, report_of, warn_once
from ..wire import LOG


def raised(act):
    try:
        act()
    except BaseException as error:
        return error
    raise AssertionError("It raised nothing")


class Reports(unittest.TestCase):
    def test_they_begin_in_the_application(self):
        from ..targets import import_target

        application = compile("raise RuntimeError('deliberate')", "/srv/app.py", "exec")
        error = raised(lambda: exec(application))
        # This file is of the package too, and so left out.
        self.assertEqual(report_of(error).splitlines()[1].strip(), 'File "/srv/app.py", line 1, in <module>')
        missing = raised(lambda: import_target("a.b.c.d") if False else __import__("no_such_module_of_anybody"))
        self.assertEqual(report_of(missing), "ModuleNotFoundError: No module named 'no_such_module_of_anybody'\n")

    def test_frames_of_ours_behind_the_applications_stay(self):
        def ours():
            raise ValueError("deep")

        application = compile("call()", "/srv/app.py", "exec")
        self.assertIn("test_reports.py", report_of(raised(lambda: exec(application, {"call": ours}))))

    def test_ours_are_the_package_and_the_import_that_it_has_begun(self):
        import importlib
        import json

        self.assertTrue(is_in_front(reports.__file__))
        self.assertTrue(is_in_front(importlib.__file__))
        self.assertTrue(is_in_front("<frozen importlib._bootstrap>"))
        self.assertFalse(is_in_front(json.__file__))
        self.assertFalse(is_in_front(reports.__file__.replace("/shim/", "/shimmer/")))

    def test_an_exception_that_cannot_be_asked_is_named(self):
        class Broken(Exception):
            def __str__(self):
                sys.exit("in __str__")

        text = report_of(Broken())
        self.assertIn("Broken", text)

    def test_a_long_one_keeps_both_ends(self):
        text = cut("a" * REPORT_CHARACTERS + "b" * REPORT_CHARACTERS)
        self.assertLess(len(text), REPORT_CHARACTERS + 100)
        self.assertEqual((text[0], text[-1]), ("a", "b"))
        self.assertIn("[%d characters left out]" % REPORT_CHARACTERS, text)

    def test_one_that_is_not_long_stays(self):
        text = "x" * REPORT_CHARACTERS
        self.assertEqual(cut(text), text)


class Lines(unittest.TestCase):
    def setUp(self):
        self.told = []
        reports.send_with(lambda kind, message: self.told.append((kind, message["level"], message["message"])))
        self.addCleanup(reports.send_with, None)
        reports._warned.clear()
        self.addCleanup(reports._warned.clear)

    def test_a_warning_is_given_once(self):
        for key in ("a", "b", "a"):
            warn_once(key, "about " + key)
        self.assertEqual(self.told, [(LOG, "warning", "about a"), (LOG, "warning", "about b")])

    def test_a_header_that_is_the_servers_is_said_once(self):
        from ..head import Head

        for _ in range(2):
            Head("200 OK", [("Connection", "close")])
        self.assertEqual(len(self.told), 1)
