import os
import sys
import tempfile
import unittest

from ..config_file import run

ABSENT = "uvicorn_worker"


class ConfigFile(unittest.TestCase):
    def run_text(self, text):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "gunicorn.conf.py")
            with open(path, "w") as file:
                file.write(text)
            return run(path)

    def test_it_runs_under_gunicorns_name_for_it(self):
        module = self.run_text("import __config__\nname, own, workers = __name__, __config__.__file__ == __file__, 2")
        self.assertEqual((module.name, module.own, module.workers), ("__config__", True, 2))

    def test_what_is_not_installed_is_stood_in_for_while_it_runs(self):
        text = f"import {ABSENT}\nfrom {ABSENT}.workers import Worker\nclass Own(Worker): pass\nnone = {ABSENT}.DEFAULTS"
        module = self.run_text(text)
        self.assertTrue(issubclass(module.Own, module.Worker))
        self.assertEqual(module.none, {})
        self.assertFalse([name for name in sys.modules if name.startswith(ABSENT)])
        with self.assertRaises(ImportError):
            __import__(ABSENT)

    def test_it_stands_in_for_nothing_else(self):
        for name in ("no_such_module", ABSENT + "_of_ours"):
            with self.assertRaises(ModuleNotFoundError):
                self.run_text("import " + name)

    def test_a_file_that_fails_leaves_nothing(self):
        before = list(sys.meta_path)
        with self.assertRaises(ZeroDivisionError):
            self.run_text(f"import {ABSENT}\n1 / 0")
        self.assertEqual(sys.meta_path, before)
        self.assertNotIn(ABSENT, sys.modules)
