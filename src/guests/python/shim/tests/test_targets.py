import os
import sys
import tempfile
import textwrap
import types
import unittest

from .. import targets
from ..targets import (
    TargetMistake,
    find_attribute,
    is_program,
    literal_arguments,
    load_object,
    load_part,
    split_target,
    starts_server,
)


class TargetTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = os.path.realpath(directory.name)
        before = os.getcwd(), list(sys.path), set(sys.modules), sys.dont_write_bytecode
        self.addCleanup(self.restore, *before)
        os.chdir(self.directory)
        sys.path.insert(0, self.directory)
        sys.path_importer_cache.pop(self.directory, None)
        sys.dont_write_bytecode = True

    def restore(self, directory, path, modules, writes):
        os.chdir(directory)
        sys.path[:] = path
        sys.dont_write_bytecode = writes
        for name in set(sys.modules) - modules:
            del sys.modules[name]

    def write(self, name, text):
        os.makedirs(os.path.dirname(os.path.join(self.directory, name)), exist_ok=True)
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(textwrap.dedent(text))

    def mistake(self, target):
        with self.assertRaises(TargetMistake) as caught:
            load_object(target)
        return caught.exception.kind, str(caught.exception)


class Targets(TargetTest):
    def test_they_are_a_place_and_an_attribute(self):
        self.assertEqual(split_target("a.b"), ("a.b", None))
        self.assertEqual(split_target("a.py:b.c(1)"), ("a.py", "b.c(1)"))
        with self.assertRaises(ValueError):
            split_target("a:")

    def test_a_module_or_a_file_leads_to_its_attribute(self):
        self.write("shop_a.py", "application, app, other = 1, 2, 3")
        self.write("pack_a/__init__.py", "")
        self.write("pack_a/wsgi.py", "class site:\n    app = 4")
        self.assertEqual(load_object("shop_a:other"), 3)
        self.assertEqual(load_object("shop_a.py:app"), 2)
        self.assertEqual(load_object(self.directory + "/shop_a.py"), 1)
        self.assertEqual(load_object("pack_a.wsgi:site.app"), 4)

    def test_a_file_and_its_module_are_loaded_once(self):
        self.write("shop_b.py", "app = object()")
        self.assertIs(load_object("shop_b.py:app"), load_object("shop_b:app"))

    def test_a_file_whose_name_is_taken_does_not_hide_the_other(self):
        self.write("json.py", "app = 'mine'")
        self.write("shop-c.d.py", "app = 'odd'")
        self.assertEqual(load_object("json.py:app"), "mine")
        self.assertEqual(load_object("shop-c.d.py:app"), "odd")
        import json

        self.assertTrue(hasattr(json, "dumps"))

    def test_files_beside_a_file_can_be_imported(self):
        self.write("deep/shop_d.py", "import shop_d_helper\napp = shop_d_helper.app")
        self.write("deep/shop_d_helper.py", "app = 5")
        self.assertEqual(load_object("deep/shop_d.py:app"), 5)


class Mistakes(TargetTest):
    def test_a_missing_file_names_the_one_that_was_meant(self):
        self.write("store.py", "")
        kind, message = self.mistake("stor.py:app")
        self.assertEqual(kind, "not-found")
        self.assertIn("did you mean 'store.py'", message)
        self.assertIn(self.directory, message)

    def test_a_missing_file_in_a_missing_directory_is_missing(self):
        self.assertEqual(self.mistake("nowhere/at/all.py:app")[0], "not-found")

    def test_a_directory_is_no_file(self):
        os.mkdir("folder.py")
        self.assertIn("is a directory", self.mistake("folder.py:app")[1])

    def test_a_missing_module_names_the_one_that_was_meant(self):
        self.write("warehouse.py", "")
        kind, message = self.mistake("warehous:app")
        self.assertEqual(kind, "not-found")
        self.assertIn("did you mean 'warehouse'", message)

    def test_a_module_that_lacks_another_says_so_itself(self):
        self.write("shop_e.py", "import nothing_of_that_name")
        with self.assertRaises(ModuleNotFoundError) as caught:
            load_object("shop_e:app")
        self.assertEqual(caught.exception.name, "nothing_of_that_name")

    def test_a_missing_attribute_names_the_one_that_was_meant(self):
        self.write("shop_f.py", "application = 1")
        self.assertEqual(
            self.mistake("shop_f:aplication"),
            ("no-attribute", "shop_f has no attribute 'aplication'; did you mean 'application'"),
        )

    def test_a_name_that_nothing_resembles_gets_no_suggestion(self):
        self.write("shop_g.py", "application = 1")
        self.assertNotIn("did you mean", self.mistake("shop_g:zzz")[1])

    def test_a_module_without_the_usual_names_says_which_they_are(self):
        self.write("shop_h.py", "")
        self.assertEqual(self.mistake("shop_h")[1], "shop_h has neither 'application' nor 'app'")


class Factories(TargetTest):
    def test_arguments_are_literals(self):
        self.assertEqual(literal_arguments("1, 'a', [2], b={'c': None}, d=-1.5"), ([1, "a", [2]], {"b": {"c": None}, "d": -1.5}))
        self.assertEqual(literal_arguments(""), ([], {}))
        for text in ("name", "f()", "__import__('os')", "1 +", "*[1], **x", "a for a in b"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                literal_arguments(text)

    def test_a_factory_is_called_with_them(self):
        module = types.SimpleNamespace(make=lambda *args, **kwargs: (args, kwargs))
        self.assertEqual(find_attribute(module, "make('a', b=1)", "it"), (("a",), {"b": 1}))
        self.assertEqual(find_attribute(module, "make()", "it"), ((), {}))

    def test_those_of_pastedeploy_get_their_configuration(self):
        self.write(
            "shop_i.py",
            """
            def app_factory(global_conf, **local_conf):
                return "app", global_conf, local_conf
            def filter_app(app, global_conf, **local_conf):
                return app, global_conf, local_conf
            """,
        )
        conf = {"globalConf": {"g": "1"}, "localConf": {"l": "2"}}
        made = load_part({"target": "shop_i:app_factory", "kind": "appFactory", **conf})
        self.assertEqual(made, ("app", {"g": "1"}, {"l": "2"}))
        around = load_part({"target": "shop_i:filter_app", "kind": "filterAppFactory", **conf})
        self.assertEqual(around("inner"), ("inner", {"g": "1"}, {"l": "2"}))
        self.assertEqual(load_part({"target": "shop_i:app_factory", "kind": "filterFactory"}), ("app", {}, {}))


class Programs(TargetTest):
    def test_a_file_without_an_attribute_is_run_as_a_program(self):
        self.write("manage", "")
        self.assertEqual([is_program(each) for each in ("a.py", "x/a", "manage", "a.pyw")], [True] * 4)
        self.assertEqual([is_program(each) for each in ("a.py:app", "a", "a.b", "a.wsgi", "x/a.wsgi", None, {"target": "a.py"})], [False] * 7)

    def test_a_module_that_serves_when_it_is_imported_is_known(self):
        for text, expected in (
            ("app.run()", True),
            ("bottle.run(host='x')", True),
            ("httpd.serve_forever()", True),
            ("def later():\n    app.run()", False),
            ("if __name__ == '__main__':\n    app.run()", False),
            ("# app.run()", False),
            ("app = 1", False),
        ):
            with self.subTest(text=text):
                self.write("server_a.py", text)
                self.assertEqual((starts_server("server_a"), starts_server("server_a.py")), (expected, expected))

    def test_a_module_that_is_not_there_serves_nothing(self):
        self.assertFalse(starts_server("no_such_module"))
        self.assertFalse(starts_server("no/such/file.py"))

    def test_names_that_are_no_text_are_no_suggestion(self):
        self.assertEqual(targets.did_you_mean("a", [None, 1, "zzz"]), "")
