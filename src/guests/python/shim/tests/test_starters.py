import importlib
import importlib.util
import os
import socket
import sys
import tempfile
import threading
import types
import unittest
import wsgiref.simple_server

from .. import chunks
from ..starters import finder, servers, stage
from ..starters.servers import PATCHES, CannotServe
from ..starters.sockets import Sockets
from ..starters.stage import Stage, run


class Guest:
    """Notes what is served, where the real one would go on until TSGI stops it."""

    def __init__(self):
        self.served, self.address, self.is_stopping = [], None, False

    def serve(self, application):
        self.served.append(application)
        self.is_stopping = True


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]


class Silent(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_args):
        pass


class StartersTest(unittest.TestCase):
    def setUp(self):
        state = list(sys.meta_path), list(sys.path), list(sys.argv), dict(sys.modules), dict(vars(socket.socket))
        server = {kind: dict(vars(kind)) for kind in self.kinds()}
        self.addCleanup(self.restore, *state, server)
        self.guest = Guest()

    @staticmethod
    def kinds():
        import socketserver

        return (socketserver.TCPServer, socketserver.BaseServer)

    def restore(self, finders, path, arguments, modules, names, server):
        sys.meta_path[:], sys.path[:], sys.argv[:] = finders, path, arguments
        for name in set(sys.modules) - set(modules):
            del sys.modules[name]
        sys.modules.update(modules)
        chunks.takes_text = False
        for kind, before in {socket.socket: names, **server}.items():
            for name in ("bind", "listen", "getsockname", "server_bind", "serve_forever", "handle_request", "shutdown"):
                if name in before:
                    setattr(kind, name, before[name])
                elif name in vars(kind):
                    delattr(kind, name)

    def stage(self, is_script=True):
        made = Stage(self.guest, is_script)
        made.install()
        return made

    def run_text(self, text, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            self.path = os.path.join(directory, "program.py")
            with open(self.path, "w") as file:
                file.write(text)
            return run(self.guest, self.path, list(arguments))


class Programs(StartersTest):
    def test_a_program_is_run_as_python_runs_it(self):
        self.run_text("import sys\nseen = __name__, sys.argv, sys.path[0], __file__, sys.modules['__main__'].__dict__ is globals()\napp = seen", "-x", "y")
        seen = sys.modules["__main__"].seen
        directory = os.path.dirname(os.path.realpath(self.path))
        self.assertEqual(seen, ("__main__", [self.path, "-x", "y"], directory, self.path, True))

    def test_its_usual_names_are_looked_at_when_it_starts_no_server(self):
        self.assertEqual(self.run_text("app = 5"), 5)
        self.assertEqual(self.run_text("import sys\napplication = 6\nsys.exit()"), 6)

    def test_a_program_that_fails_has_failed(self):
        for text, error in (("1 / 0", ZeroDivisionError), ("import sys\nsys.exit(3)", SystemExit), ("(", SyntaxError)):
            with self.assertRaises(error):
                self.run_text(text)

    def test_its_application_may_return_text(self):
        self.run_text("app = 1")
        self.assertTrue(chunks.takes_text)

    def test_what_it_would_serve_is_served_where_it_would_serve(self):
        self.run_text(
            "from wsgiref.simple_server import make_server\n"
            "def app(environ, start_response): pass\n"
            "make_server('127.0.0.1', 7654, app).serve_forever()\n"
            "after = True"
        )
        self.assertEqual(self.guest.served, [sys.modules["__main__"].app])
        self.assertEqual(self.guest.address, ["127.0.0.1", 7654])
        self.assertTrue(sys.modules["__main__"].after)

    def test_a_server_of_something_else_is_refused_by_name(self):
        with self.assertRaisesRegex(CannotServe, "http.server.HTTPServer"):
            self.run_text(
                "import http.server\n"
                "http.server.HTTPServer(('127.0.0.1', 7654), http.server.SimpleHTTPRequestHandler).serve_forever()"
            )


class Modules(StartersTest):
    def test_a_server_that_is_started_by_an_import_is_left_out(self):
        with stage.importing(self.guest):
            server = wsgiref.simple_server.make_server("127.0.0.1", 7654, application)
            server.serve_forever()
        server.server_close()
        self.assertEqual((self.guest.served, self.guest.address), ([], ["127.0.0.1", 7654]))

    def test_afterwards_servers_serve_by_themselves(self):
        with stage.importing(self.guest):
            pass
        server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Silent)
        self.addCleanup(server.server_close)
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        with socket.create_connection(server.server_address) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = client.makefile("rb").read()
        serving.join()
        self.assertTrue(answer.endswith(b"x"))


class TheStage(StartersTest):
    def test_one_application_is_taken(self):
        made = self.stage()
        self.assertTrue(made.claim("one", "127.0.0.1", 80))
        self.assertFalse(made.claim("two", "127.0.0.1", 81))
        self.assertEqual((made.application, self.guest.address, made.is_open), ("one", ["127.0.0.1", 80], False))

    def test_an_address_may_be_unknown(self):
        self.stage().claim("one", None, None)
        self.assertIsNone(self.guest.address)

    def test_a_program_that_serves_again_after_the_stop_ends(self):
        made = self.stage()
        self.guest.is_stopping = True
        with self.assertRaises(SystemExit):
            made.serve("one", "", 80)


class ListeningSockets(StartersTest):
    def setUp(self):
        super().setUp()
        self.sockets = Sockets(types.SimpleNamespace(is_open=True, is_script=True))
        self.sock = socket.socket()
        self.addCleanup(self.sock.close)

    def test_one_that_is_postponed_says_what_it_was_asked_for(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = free.getsockname()
        with self.sockets.postponed():
            self.sock.bind(address)
            self.sock.listen(5)
        self.assertEqual((self.sock.getsockname(), self.sockets.address(self.sock)), (address, address))
        with self.assertRaises(OSError):
            socket.create_connection(address, 1)

    def test_it_is_bound_after_all_when_its_server_serves(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = free.getsockname()
        with self.sockets.postponed():
            self.sock.bind(address)
        self.sockets.open(self.sock)
        socket.create_connection(address, 5).close()

    def test_a_free_port_is_found_by_binding(self):
        with self.sockets.postponed():
            self.sock.bind(("127.0.0.1", 0))
        self.assertNotEqual(self.sock.getsockname()[1], 0)

    def test_any_address_has_a_name(self):
        with self.sockets.postponed():
            self.sock.bind(("", 7654))
        self.assertEqual(self.sock.getsockname(), ("0.0.0.0", 7654))

    def test_a_path_is_a_host(self):
        unix = socket.socket(socket.AF_UNIX)
        self.addCleanup(unix.close)
        with self.sockets.postponed():
            unix.bind("/nowhere/at/all")
        self.assertEqual(self.sockets.take(unix), ("unix:/nowhere/at/all", 0))

    def test_where_tsgi_listens_already_a_program_need_not(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.sock.bind(other.getsockname())
            self.assertEqual(self.sock.getsockname(), other.getsockname())

    def test_outside_of_servers_sockets_are_as_ever(self):
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen()
        socket.create_connection(self.sock.getsockname(), 5).close()
        self.assertFalse(self.sockets.asked)


class Finding(StartersTest):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        with open(directory.name + "/tsgi_test_server.py", "w") as file:
            file.write("loader_seen = __spec__.loader\nrun = 1")
        sys.path.insert(0, directory.name)
        self.addCleanup(PATCHES.pop, "tsgi_test_server", None)
        PATCHES["tsgi_test_server"] = lambda module, stage: setattr(module, "run", (module.run, stage))

    def test_a_module_is_changed_right_after_its_import(self):
        made = self.stage()
        module = importlib.import_module("tsgi_test_server")
        self.assertEqual(module.run, (1, made))

    def test_the_module_sees_its_own_loader(self):
        self.stage()
        module = importlib.import_module("tsgi_test_server")
        self.assertIs(module.loader_seen, module.__spec__.loader)
        self.assertNotIsInstance(module.__loader__, finder.StarterLoader)

    def test_one_that_is_imported_already_is_changed_at_once(self):
        module = importlib.import_module("tsgi_test_server")
        made = self.stage()
        self.assertEqual(module.run, (1, made))

    def test_the_old_name_of_gevents_server_finds_the_new_one(self):
        sys.modules["gevent"] = package = types.ModuleType("gevent")
        package.__path__ = [sys.path[0]]
        with open(sys.path[0] + "/pywsgi.py", "w") as file:
            file.write("")
        found = finder.StarterFinder(self.stage()).find_spec("gevent.wsgi")
        self.assertEqual(found.name, "gevent.pywsgi")

    def test_what_is_no_server_is_not_looked_at(self):
        self.assertIsNone(finder.StarterFinder(self.stage()).find_spec("json"))


class StandIns(StartersTest):
    """Servers by what is replaced in them; test/python/starters.test.ts has the real ones."""

    def patched(self, patch, is_script=True, **names):
        made = self.stage(is_script)
        module = types.SimpleNamespace(__name__="a.server", **names)
        patch(module, made)
        return module, made

    def refused(self, *_args, **_options):
        raise AssertionError("The server serves by itself")

    def test_waitress_makes_its_server_and_says_nothing(self):
        running = []
        made = types.SimpleNamespace(run=lambda: running.append(True))
        module, _ = self.patched(servers.patch_waitress, serve=self.refused, create_server=lambda app, **options: made)
        module.serve(application, port=1)
        self.assertEqual(running, [True])

    def test_bottle_finds_its_application_and_its_plugins(self):
        app = types.SimpleNamespace(installed=[])
        app.install = app.installed.append
        module, made = self.patched(servers.patch_bottle, run=self.refused, default_app=lambda: app, debug=None)
        module.run(host="127.0.0.1", port=7654, plugins=["p"], reloader=True)
        self.assertEqual((self.guest.served, app.installed, self.guest.address), ([app], ["p"], ["127.0.0.1", 7654]))

    def test_paste_takes_the_port_of_its_host(self):
        for host, port, expected in (("0.0.0.0:81", None, ["0.0.0.0", 81]), (None, None, ["127.0.0.1", 8080]), ("h", 5, ["h", 5])):
            self.guest = Guest()
            module, _ = self.patched(servers.patch_paste, serve=self.refused)
            module.serve(application, host, port)
            self.assertEqual((self.guest.served, self.guest.address), ([application], expected))

    def test_werkzeug_serves_its_static_files_and_starts_no_reloader(self):
        module, made = self.patched(servers.patch_werkzeug, run_simple=self.refused)
        module.run_simple("127.0.0.1", 7654, application, use_reloader=True, use_debugger=True)
        self.assertEqual(self.guest.served, [application])

    def test_gevent_in_the_background_is_served_while_the_program_goes_on(self):
        kind = type("WSGIServer", (), {"start": self.refused, "serve_forever": self.refused, "address": ("127.0.0.1", 7654)})
        self.patched(servers.patch_gevent, is_script=False, WSGIServer=kind)
        server = kind()
        server.application = application
        server.start()
        self.assertEqual(self.guest.address, ["127.0.0.1", 7654])

    def test_a_cgi_script_is_served(self):
        cgi, iis = type("CGIHandler", (), {}), type("IISCGIHandler", (), {})
        base = type("BaseCGIHandler", (), {"run": self.refused})
        self.patched(servers.patch_handlers, BaseCGIHandler=base, CGIHandler=cgi, IISCGIHandler=iis)
        cgi().run(application)
        self.assertEqual((self.guest.served, self.guest.address), ([application], None))

    def test_reloaders_call_the_program_and_no_more(self):
        module, _ = self.patched(servers.patch_werkzeug_reloader, run_with_reloader=self.refused)
        self.assertEqual(module.run_with_reloader(lambda: 5, extra_files=[]), 5)
        module, _ = self.patched(servers.patch_reloader, run_with_reloader=self.refused)
        self.assertEqual(module.run_with_reloader(lambda a, b: (a, b), 1, b=2), (1, 2))

    def test_hupper_is_refused_with_advice(self):
        module, _ = self.patched(servers.patch_hupper, start_reloader=None)
        with self.assertRaisesRegex(CannotServe, "--reload"):
            module.start_reloader("app.main")

    def test_servers_of_other_protocols_are_refused(self):
        for name, where in (("uvicorn.server", "Server"), ("daphne.server", "Server")):
            kind = type(where, (), {"run": lambda self: None})
            self.patched(PATCHES[name], Server=kind)
            with self.assertRaises(CannotServe):
                kind().run()

    def test_in_a_module_they_are_its_own_affair(self):
        kind = type("Server", (), {"run": lambda self: 5})
        self.patched(PATCHES["uvicorn.server"], is_script=False, Server=kind)
        self.assertEqual(kind().run(), 5)

    def test_once_the_application_is_taken_other_servers_serve_by_themselves(self):
        module, made = self.patched(servers.patch_werkzeug, run_simple=lambda *args, **options: options)
        made.claim("another", "", 80)
        self.assertEqual(module.run_simple("127.0.0.1", 1, application, threaded=True), {"threaded": True})
