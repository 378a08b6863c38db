import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

from .. import HERE, is_own, is_private
from ..wire import BROKEN, HEADER, HELLO, READY, STOP
from .host import frame, frames_of

MODULES = sorted(
    os.path.relpath(os.path.join(directory, name), HERE)[:-3].replace(os.sep, ".")
    for directory, _, names in os.walk(HERE)
    if not directory.endswith(("tests", "__pycache__"))
    for name in names
    if name.endswith(".py") and not name.startswith("__")
)


class Order(unittest.TestCase):
    """The list of the modules in `__init__.py`, which is the order in which they know each other."""

    def setUp(self):
        with open(os.path.join(HERE, "__init__.py")) as file:
            text = ast.get_docstring(ast.parse(file.read()))
        self.order = re.findall(r"[a-z_]+(?:\.[a-z_]+)?", text[text.index("    wire,") :])
        bracketed = " ".join(re.findall(r"\[([^]]*)\]", text[text.index("    wire,") :]))
        self.late = re.findall(r"[a-z_]+(?:\.[a-z_]+)?", bracketed)

    def test_all_modules_are_in_it(self):
        self.assertEqual(sorted(self.order), MODULES)

    def test_each_imports_only_those_before_it(self):
        for name in MODULES:
            for other in self.imports(name):
                with self.subTest(module=name, imports=other):
                    self.assertLess(self.order.index(other), self.order.index(name))

    def test_those_that_are_loaded_late_are_imported_by_none_that_is_not(self):
        for name in MODULES:
            for other in self.imports(name):
                if other in self.late:
                    self.assertIn(name, self.late, "%s imports %s" % (name, other))

    @staticmethod
    def imports(name):
        with open(os.path.join(HERE, *name.split(".")) + ".py") as file:
            tree = ast.parse(file.read())
        room = name.split(".")[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level > 0:
                base = (room if node.level == 1 else room[:-1]) + ([node.module] if node.module else [])
                for each in [".".join(base)] if node.module else [".".join([*base, alias.name]) for alias in node.names]:
                    if each in MODULES:
                        yield each


class Started(unittest.TestCase):
    """The program as TSGI starts it, in a copy of the package."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = os.path.realpath(directory.name)
        self.package = os.path.join(self.directory, "installed", "shim")
        shutil.copytree(HERE, self.package, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        os.chmod(self.package, 0o755)
        self.project = os.path.join(self.directory, "project")
        os.mkdir(self.project)
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(self.directory + "/socket")
        self.listener.listen(8)

    def write(self, name, text):
        with open(os.path.join(self.project, name), "w") as file:
            file.write(textwrap.dedent(text))

    def start(self, app="app:application", flags=(), environment=None, **options):
        """What the process says once it has loaded, or failed to; it has ended by then."""
        status = self.directory + "/status"
        with open(status, "wb") as file:
            file.write(bytes(8 + 4096))
        given = {
            "socket": self.directory + "/socket",
            "status": status,
            "slots": 1,
            "answerBytes": 4096,
            "token": "secret",
            "process": 0,
            "threads": 1,
            "multiprocess": False,
            "app": app,
            "language": options,
        }
        reader, writer = os.pipe()
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@" 3>&%d' % writer, "sh", sys.executable, *flags, self.package + "/__main__.py"],
            cwd=self.project,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[writer],
            env={**variables, **(environment or {})},
        )
        os.close(writer)
        process.stdin.write(json.dumps(given).encode())
        process.stdin.close()
        try:
            self.listener.settimeout(60)
            control = self.listener.accept()[0]
            with control:
                control.settimeout(60)
                said = b""
                while len(frames_of(said)) < 2:
                    data = control.recv(1 << 20)
                    if not data:
                        raise AssertionError(process.stderr.read().decode())
                    said += data
                hello, outcome = frames_of(said)
                self.assertEqual(hello.kind, HELLO)
                if outcome.kind == READY:
                    lane = self.listener.accept()[0]
                    control.sendall(frame(STOP, request_id=0))  # at once: the guest may be about to make the lane
                    process.wait(60)
                    lane.close()
                process.wait(60)
                return outcome.kind, json.loads(outcome.text)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            os.close(reader)

    def seen(self, expression, **options):
        """What an expression is for an application, while it is imported."""
        self.write("app.py", "import json, sys\nwith open('seen', 'w') as file: json.dump(%s, file)\napplication = len" % expression)
        self.assertEqual(self.start(**options)[0], READY)
        with open(self.project + "/seen") as file:
            return json.load(file)

    def test_the_search_path_is_that_of_a_program_in_its_own_directory(self):
        plain = json.loads(subprocess.check_output([sys.executable, "-I", "-c", "import json, sys; print(json.dumps(sys.path))"]))
        for flags in ((), ("-I",), ("-E",)):
            path = self.seen("sys.path", flags=flags, pythonPath=["lib"])
            self.assertEqual(path[:2], [self.project + "/lib", self.project])
            self.assertEqual([each for each in path[2:] if "site-packages" not in each], [each for each in plain if "site-packages" not in each])

    def test_modules_of_ours_are_in_a_package_of_their_own(self):
        ours = self.seen("[name for name, module in sys.modules.items() if '/installed/' in (getattr(module, '__file__', None) or '')]")
        ours.remove("__main__")
        self.assertIn("tsgi_guest", ours)
        self.assertEqual([name for name in ours if name != "tsgi_guest" and not name.startswith("tsgi_guest.")], [])

    def test_an_application_may_have_modules_of_the_same_names(self):
        for name in MODULES:
            if "." not in name:
                self.write(name + ".py", "mine = True")
        names = [name for name in MODULES if "." not in name]
        self.assertEqual(self.seen("[__import__(name).mine for name in %r]" % names), [True] * len(names))

    def test_what_only_some_need_is_not_loaded_for_others(self):
        loaded = self.seen("sorted(name for name in sys.modules if name.startswith('tsgi_guest.'))")
        for name in ("starters.stage", "starters", "hooks", "inner", "template", "log_config"):
            self.assertNotIn("tsgi_guest." + name, loaded)

    def test_the_arguments_are_those_of_the_application(self):
        self.assertEqual(self.seen("sys.argv", arguments=["-x", "y"]), ["tsgi", "-x", "y"])

    def test_it_says_which_files_are_to_be_watched(self):
        self.write("app.py", "application = len")
        kind, ready = self.start()
        self.assertIn(self.project + "/app.py", ready["modules"])
        self.assertEqual([each for each in ready["modules"] if "/installed/" in each], [])

    def test_a_process_that_is_spawned_by_the_application_finds_it(self):
        self.write(
            "app.py",
            """
            import multiprocessing

            def leave(number):
                raise SystemExit(number)

            if multiprocessing.current_process().name == "MainProcess":
                process = multiprocessing.get_context("spawn").Process(target=leave, args=(7,))
                process.start()
                process.join()
                assert process.exitcode == 7
            application = len
            """,
        )
        self.assertEqual(self.start()[0], READY)

    def test_a_stop_that_comes_before_the_lane_is_made_ends_the_process(self):
        self.write("app.py", "application = len")
        for _ in range(3):
            self.assertEqual(self.start()[0], READY)  # `start` tells it to stop as soon as it is ready

    def test_an_application_that_does_not_load_is_told_with_its_own_frames(self):
        self.write("app.py", "def fail():\n    1 / 0\nfail()")
        kind, broken = self.start()
        self.assertEqual((kind, broken["message"], broken["kind"]), (BROKEN, "ZeroDivisionError: division by zero", None))
        self.assertEqual(re.findall(r'File "(.*?)"', broken["stack"]), [self.project + "/app.py"] * 2)

    def test_mistakes_are_told_apart(self):
        self.write("app.py", "(")
        self.write("other.py", "")
        self.assertEqual(self.start()[1]["kind"], "syntax")
        self.assertEqual(self.start(app="nobody:app")[1]["kind"], "not-found")
        self.assertEqual(self.start(app="other:app")[1], {"message": "other has no attribute 'app'", "stack": "", "kind": "no-attribute"})

    def test_what_is_no_application_is_refused(self):
        self.write("app.py", "application = 5")
        self.assertIn("The target is 5", self.start()[1]["message"])

    def cached(self):
        return [name for directory, _, names in os.walk(self.package) for name in names if name.endswith(".pyc")]

    def test_byte_code_is_kept_where_the_directory_is_ours_alone(self):
        self.assertTrue(is_private(self.package))
        self.write("app.py", "application = len")
        self.start()
        self.assertTrue([name for name in self.cached() if name.startswith("lane.")])

    def test_byte_code_is_not_kept_where_others_may_write(self):
        self.write("app.py", "application = len")
        for mode in (0o775, 0o757):
            os.chmod(self.package, mode)
            self.start()
            self.assertEqual(self.cached(), [])
        self.assertTrue(os.path.isdir(self.project + "/__pycache__"), "that of the application is Python's affair")

    def test_byte_code_is_not_kept_where_somebody_does_not_want_it(self):
        self.write("app.py", "application = len")
        self.start(environment={"PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(self.cached(), [])

    @unittest.skipIf(os.geteuid() != 0, "needs another user")
    def test_byte_code_is_not_kept_in_the_directory_of_another_user(self):
        self.write("app.py", "application = len")
        os.chown(self.package, 65534, 65534)
        self.assertFalse(is_private(self.package))
        self.start()
        self.assertEqual(self.cached(), [])

    def test_byte_code_that_is_older_than_its_module_is_not_used(self):
        self.write("app.py", "application = len")
        self.start()
        with open(self.package + "/guest.py", "a") as file:
            file.write("\nraise SystemExit('newer')\n")
        process = subprocess.run([sys.executable, self.package + "/__main__.py"], input=b"{}", capture_output=True)
        self.assertIn(b"newer", process.stderr)

    def test_child_exit_is_called_for_each_process_that_has_ended(self):
        self.write("hooks.py", "import sys\ndef child_exit(server, worker): print(worker.pid, sys.path[:2], worker.cfg, worker.alive)\nworkers = 3")
        options = {"hooks": self.project + "/hooks.py", "pythonPath": ["lib"], "pids": [5, 6]}
        out = subprocess.check_output(
            [sys.executable, self.package + "/__main__.py", "child-exit"], input=json.dumps(options).encode(), cwd=self.project
        ).decode()
        self.assertEqual([line.split()[0] for line in out.splitlines()], ["5", "6"])
        self.assertIn(repr([self.project + "/lib", self.project]), out)


class Own(unittest.TestCase):
    def test_only_files_below_the_package_are_own(self):
        self.assertTrue(is_own(os.path.join(HERE, "starters", "stage.py")))
        self.assertFalse(is_own(HERE + "mer/lane.py"))
        self.assertFalse(is_own("lane.py"))
        self.assertEqual(HEADER.size, 16)
