import os
import tempfile
import unittest

from ..hooks import Hooks, arity


class HooksTest(unittest.TestCase):
    def load(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".py")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        self.lines = []
        return Hooks(file.name, lambda level, message: self.lines.append((level, message)))

    def calls_of(self, hooks):
        return hooks.cfg.calls


class Files(HooksTest):
    def test_functions_with_gunicorns_names_are_its_hooks(self):
        hooks = self.load("def post_fork(server, worker): pass\nworker_exit = 1\ndef other(): pass")
        self.assertEqual(hooks.names, ["post_fork"])

    def test_those_of_the_arbiter_are_named(self):
        self.assertIsNone(self.load("bind = 'x'").unused)
        self.assertIn("when_ready", self.load("def when_ready(server): pass").unused)

    def test_settings_are_its_cfg_and_what_is_missing_is_none(self):
        cfg = self.load("bind = 'x'\n_private = 1").cfg
        self.assertEqual((cfg.bind, cfg.workers, cfg._private), ("x", None, None))
        with self.assertRaises(AttributeError):
            cfg.__deepcopy__

    def test_the_log_writes_as_gunicorns_does(self):
        hooks = self.load("")
        hooks.log.info("a %s %d", "b", 1)
        hooks.log.warning("100 %")
        try:
            raise KeyError("x")
        except KeyError:
            hooks.log.exception("It failed")
        self.assertEqual(self.lines[:2], [("info", "a b 1"), ("warning", "100 %")])
        self.assertRegex(self.lines[2][1], r"(?s)^It failed\nTraceback.*KeyError: 'x'$")


class Arguments(HooksTest):
    def test_a_function_gets_as_many_as_it_takes(self):
        for function, expected in (
            (lambda: 0, 0),
            (lambda a, b: 0, 2),
            (lambda a, b, c, d: 0, 3),
            (lambda *all: 0, 3),
            (lambda a, *, key=1: 0, 1),
            (print, 3),
        ):
            self.assertEqual(arity(function, 3), expected)

    def test_a_process_is_known_by_gunicorns_names(self):
        hooks = self.load("seen = []\ndef post_fork(server, worker): seen.append((server.pid, worker.pid, worker.age, worker.booted, str(worker)))")
        hooks.post_fork(3)
        self.assertEqual(hooks.cfg.seen, [(os.getppid(), os.getpid(), 3, False, "<Worker %d>" % os.getpid())])


REQUESTS = """
calls = []
def pre_request(worker, req): calls.append(("pre", req.method, req.path, req.uri, req.headers))
def post_request(worker, req, environ, resp): calls.append(("post", resp.status, resp.status_code, resp.headers))
"""
ENVIRON = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/a", "PATH_INFO": "/b", "QUERY_STRING": "c=d", "HTTP_X_Y": "1"}


class Requests(HooksTest):
    def setUp(self):
        self.hooks = self.load(REQUESTS)
        self.calls = self.hooks.cfg.calls

    def application(self, body):
        def application(_environ, start_response):
            start_response("201 Made", [("A", "1")])
            if isinstance(body, Exception):
                raise body
            return body

        return self.hooks.around(application)

    def test_an_application_without_them_is_left_alone(self):
        hooks = self.load("def post_fork(server, worker): pass")
        application = object()
        self.assertIs(hooks.around(application), application)

    def test_they_see_request_and_response(self):
        self.application([b"x"])(dict(ENVIRON), lambda *_: None)
        self.assertEqual(self.calls, [("pre", "GET", "/a/b", "/a/b?c=d", [("X-Y", "1")]), ("post", "201 Made", 201, [("A", "1")])])

    def test_post_request_comes_with_the_close_of_a_body(self):
        closed = []

        class Body:
            def __iter__(self):
                return iter([b"x"])

            def close(self):
                closed.append(True)
                raise ValueError("in close")

        body = self.application(Body())(dict(ENVIRON), lambda *_: None)
        self.assertEqual(list(body), [b"x"])
        self.assertEqual(len(self.calls), 1)
        with self.assertRaises(ValueError):
            body.close()
        self.assertEqual((len(self.calls), closed), (2, [True]))

    def test_post_request_comes_after_a_failure_too(self):
        with self.assertRaises(KeyError):
            self.application(KeyError("x"))(dict(ENVIRON), lambda *_: None)
        self.assertEqual([call[0] for call in self.calls], ["pre", "post"])

    def test_a_failure_of_post_request_is_only_said(self):
        self.hooks.functions["post_request"] = lambda *_: 1 / 0
        self.assertEqual(self.application([b"x"])(dict(ENVIRON), lambda *_: None), [b"x"])
        self.assertIn("ZeroDivisionError", self.lines[0][1])
