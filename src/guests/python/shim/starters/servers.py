"""How each server binds and serves, and what is put in its place. `PATCHES` names all of them by their modules."""

import sys
import threading
import weakref


class CannotServe(RuntimeError):
    """The program starts a server whose application is no WSGI application, or cannot be had."""


APPLICATION_NAMES = ("application", "app", "wsgi_application", "wsgi_app")


def patch_socketserver(module, stage):
    """All that is built on socketserver: wsgiref, werkzeug, Django, Paste, Trac; and what serves no WSGI application."""
    sockets = stage.sockets
    tcp, base = module.TCPServer, module.BaseServer
    shutdown = base.shutdown
    taken = weakref.WeakSet()

    def server_bind(server, original=tcp.server_bind):
        with sockets.postponed():
            original(server)

    def serving(original):
        def serve(server, *args, **kwargs):
            if isinstance(server, tcp):
                application = next(filter(callable, (getattr(server, name, None) for name in APPLICATION_NAMES)), None)
                if application is not None and not stage.is_over:
                    taken.add(server)
                    if stage.serve(application, *sockets.address(server.socket)):
                        return
                    taken.discard(server)
                elif server.socket in sockets.asked and threading.current_thread() is threading.main_thread():
                    refuse(stage, type(server).__module__ + "." + type(server).__qualname__)
                sockets.open(server.socket, server.request_queue_size)
            original(server, *args, **kwargs)

        return serve

    tcp.server_bind = server_bind
    base.serve_forever = serving(base.serve_forever)
    base.handle_request = serving(base.handle_request)
    base.shutdown = lambda server: None if server in taken else shutdown(server)


def refuse(stage, name, advice="TSGI serves WSGI applications"):
    if stage.is_script:
        raise CannotServe("The program serves with %s: %s" % (name, advice))


def patch_werkzeug(module, stage):
    run_simple = module.run_simple

    def run_or_take(hostname, port, application, *args, **options):
        if not stage.is_open:
            return run_simple(hostname, port, application, *args, **options)
        if options.get("static_files"):
            from werkzeug.middleware.shared_data import SharedDataMiddleware

            application = SharedDataMiddleware(application, options["static_files"])
        # Its reloader would serve from a process of its own, its debugger lets clients run code.
        if not stage.serve(application, hostname, port):
            options.update(use_reloader=False, use_debugger=False)
            run_simple(hostname, port, application, **options)

    module.run_simple = run_or_take


def patch_reloader(module, _stage):
    """`run_with_reloader` of werkzeug and of Django would start the program again, in a process that nobody knows."""
    module.run_with_reloader = lambda main_func, *args, **kwargs: main_func(*args, **kwargs)


def patch_werkzeug_reloader(module, _stage):
    module.run_with_reloader = lambda main_func, *_args, **_options: main_func()


def patch_trac_reloader(module, _stage):
    module.main = lambda func, *_args, **_options: func()


def patch_paste_reloader(module, _stage):
    module.install = lambda *_args, **_options: None


def patch_hupper(module, stage):
    def start_reloader(*_args, **_options):
        refuse(stage, "hupper's reloader", "leave it out, and use --reload of TSGI")

    module.start_reloader = start_reloader


def patch_waitress_server(module, stage):
    sockets = stage.sockets
    set_thread_count = module.ThreadedTaskDispatcher.set_thread_count
    wanted = weakref.WeakKeyDictionary()

    def postponing(original):
        def bind_server_socket(server):
            with sockets.postponed():
                original(server)

        return bind_server_socket

    def count_later(dispatcher, count):
        if stage.is_open:
            wanted[dispatcher] = count
        else:
            set_thread_count(dispatcher, count)

    def running(original):
        def run(server):
            parts = [part for part in server_map(server).values() if hasattr(part, "application")]
            if parts and not stage.is_over:
                if stage.serve(parts[0].application, *sockets.address(parts[0].socket)):
                    return
            for part in parts:
                sockets.open(part.socket, part.adj.backlog)
            if server.task_dispatcher in wanted:
                set_thread_count(server.task_dispatcher, wanted.pop(server.task_dispatcher))
            original(server)

        return run

    def server_map(server):
        return server.map if isinstance(server, getattr(module, "MultiSocketServer", ())) else server._map

    module.ThreadedTaskDispatcher.set_thread_count = count_later
    for name in ("TcpWSGIServer", "UnixWSGIServer"):
        kind = getattr(module, name, None)
        if kind is not None:
            kind.bind_server_socket = postponing(kind.bind_server_socket)
    for name in ("BaseWSGIServer", "MultiSocketServer"):
        kind = getattr(module, name, None)
        if kind is not None:
            kind.run = running(kind.run)


def patch_waitress(module, stage):
    serve = module.serve

    def serve_or_take(application, **options):
        # Without its line in the log: it does not serve.
        if stage.is_open and "_server" not in options:
            module.create_server(application, **options).run()
        else:
            serve(application, **options)

    module.serve = serve_or_take


def patch_gevent(module, stage):
    original_start, original_serve = module.WSGIServer.start, module.WSGIServer.serve_forever

    def address(server):
        if hasattr(server, "socket"):
            return stage.sockets.take(server.socket)
        asked = getattr(server, "address", None)
        return asked[:2] if isinstance(asked, tuple) else ("", 0)

    def serve_forever(server, *args, **kwargs):
        if stage.is_over or not stage.serve(server.application, *address(server)):
            original_serve(server, *args, **kwargs)

    def start(server, *args, **kwargs):
        if stage.is_open:
            stage.offer(server.application, *address(server))
        else:
            original_start(server, *args, **kwargs)

    module.WSGIServer.serve_forever = serve_forever
    module.WSGIServer.start = start


def patch_eventlet(module, stage):
    original = module.server

    def server(sock, site, *args, **options):
        if not stage.is_over and stage.serve(site, *stage.sockets.address(sock)):
            return None
        stage.sockets.open(getattr(sock, "fd", sock))
        return original(sock, site, *args, **options)

    module.server = server


def patch_eventlet_convenience(module, stage):
    original = module.listen
    # Its sockets are around those of a second copy of the module.
    stage.sockets.patch(sys.modules["eventlet.patcher"].original("socket").socket)

    def listen(*args, **options):
        with stage.sockets.postponed():
            return original(*args, **options)

    module.listen = listen


def patch_tornado(module, stage):
    def listening(original):
        def listen(server, port=None, address=None, *args, **options):
            application = getattr(server.request_callback, "wsgi_application", None)
            if stage.is_open:
                if application is None:
                    refuse(stage, "tornado.httpserver.HTTPServer", "only its WSGIContainer holds a WSGI application")
                # The loop that may run here stands still from now on: the application may have its own.
                asyncio = sys.modules.get("asyncio")
                if asyncio is not None:
                    asyncio._set_running_loop(None)
                if stage.serve(application, address, port):
                    return None
            return original(server, port, address, *args, **options)

        return listen

    module.HTTPServer.listen = listening(module.HTTPServer.listen)
    module.HTTPServer.bind = listening(module.HTTPServer.bind)


def patch_bottle(module, stage):
    run = module.run

    def run_or_take(app=None, server="wsgiref", host="127.0.0.1", port=8080, *args, plugins=None, debug=None, **options):
        if not stage.is_open:
            return run(app, server, host, port, *args, plugins=plugins, debug=debug, **options)
        if debug is not None:
            module.debug(debug)
        app = app or module.default_app()
        if isinstance(app, str):
            app = module.load_app(app)
        for plugin in plugins or []:
            app.install(plugin)
        if not stage.serve(app, host, port):
            run(app, server, host, port)

    module.run = run_or_take


def patch_cheroot(module, stage):
    sockets = stage.sockets
    original_prepare, original_serve = module.HTTPServer.prepare, module.HTTPServer.serve

    def prepare(server):
        if not callable(getattr(server, "wsgi_app", None)):
            return original_prepare(server)
        ssl_adapter = server.ssl_adapter
        with sockets.postponed():
            server.ssl_adapter = None  # a socket that is never bound shows no certificate
            try:
                original_prepare(server)
            finally:
                server.ssl_adapter = ssl_adapter

    def serve(server):
        application = getattr(server, "wsgi_app", None)
        if callable(application) and not stage.is_over:
            is_taken = True
            try:
                is_taken = stage.serve(application, *sockets.address(server.socket))
            finally:
                if is_taken:
                    server.requests.stop()  # its threads wait for connections, and Python's end would wait for them
            if is_taken:
                return
        sockets.open(server.socket, server.request_queue_size)
        original_serve(server)

    module.HTTPServer.prepare = prepare
    module.HTTPServer.serve = serve


def patch_cherrypy(module, stage):
    engine, server = module.engine, module.server
    start, block = engine.start, engine.block

    def start_without_server():
        if stage.is_open:
            server.unsubscribe()
            if hasattr(engine, "autoreload"):
                engine.autoreload.unsubscribe()
        start()

    def block_or_serve(*args, **kwargs):
        if stage.is_over or not stage.serve(module.tree, server.socket_host, server.socket_port):
            block(*args, **kwargs)

    def quickstart(root=None, script_name="", config=None):
        if config:
            module._global_conf_alias.update(config)
        if root is not None:
            module.tree.mount(root, script_name, config)
        engine.start()
        engine.block()

    engine.start = start_without_server
    engine.block = block_or_serve
    module.quickstart = quickstart


def patch_basehttp(module, stage):
    run = module.run

    def run_or_take(addr, port, wsgi_handler, *args, **options):
        if not stage.is_open or not stage.serve(wsgi_handler, addr, port):
            run(addr, port, wsgi_handler, *args, **options)

    module.run = run_or_take


def patch_gunicorn(module, stage):
    run = module.BaseApplication.run

    def run_or_take(self):
        address = self.cfg.address[0]
        where = address if isinstance(address, tuple) else ("unix:%s" % address, 0)
        if stage.is_over or not stage.serve(self.wsgi(), *where[:2]):
            run(self)

    module.BaseApplication.run = run_or_take


def patch_paste(module, stage):
    serve = module.serve

    def serve_or_take(application, host=None, port=None, *args, **options):
        if not stage.is_open or not options.get("start_loop", True):
            return serve(application, host, port, *args, **options)
        name, _, own_port = (host or "127.0.0.1").partition(":")
        if not stage.serve(application, name, port or own_port or 8080):
            return serve(application, host, port, *args, **options)

    module.serve = serve_or_take


def patch_bjoern(module, stage):
    bind_and_listen, server_run = module.bind_and_listen, module.server_run

    def postponed(*args, **options):
        with stage.sockets.postponed():
            return bind_and_listen(*args, **options)

    def run_or_take(sock, application, *args, **options):
        if stage.is_over or not stage.serve(application, *stage.sockets.address(sock)):
            stage.sockets.open(sock)
            server_run(sock, application, *args, **options)

    module.bind_and_listen = postponed
    module.server_run = run_or_take


def patch_handlers(module, stage):
    run = module.BaseCGIHandler.run

    def run_or_take(self, application):
        # Programs may run such a handler for themselves, too: only a script's own is its server.
        if not (stage.is_script and stage.is_open and stage.serve(application, None, None)):
            run(self, application)

    module.CGIHandler.run = module.IISCGIHandler.run = run_or_take


def refusing(*names):
    """For servers of other protocols: whatever they are started with fails, and says so."""

    def patch(module, stage):
        for name in names:
            owner = module
            *path, last = name.split(".")
            for part in path:
                owner = getattr(owner, part)

            def run(*_args, original=getattr(owner, last), label=module.__name__, **_options):
                if stage.is_open and threading.current_thread() is threading.main_thread():
                    refuse(stage, label, "its applications are not of WSGI")
                return original(*_args, **_options)

            setattr(owner, last, run)

    return patch


PATCHES = {
    "socketserver": patch_socketserver,
    "wsgiref.handlers": patch_handlers,
    "werkzeug.serving": patch_werkzeug,
    "werkzeug._reloader": patch_werkzeug_reloader,
    "waitress": patch_waitress,
    "waitress.server": patch_waitress_server,
    "gevent.pywsgi": patch_gevent,
    "eventlet.wsgi": patch_eventlet,
    "eventlet.convenience": patch_eventlet_convenience,
    "tornado.httpserver": patch_tornado,
    "bjoern": patch_bjoern,
    "bottle": patch_bottle,
    "gunicorn.app.base": patch_gunicorn,
    "paste.httpserver": patch_paste,
    "paste.reloader": patch_paste_reloader,
    "cheroot.server": patch_cheroot,
    "cherrypy": patch_cherrypy,
    "django.core.servers.basehttp": patch_basehttp,
    "django.utils.autoreload": patch_reloader,
    "trac.util.autoreload": patch_trac_reloader,
    "hupper": patch_hupper,
    "uvicorn.server": refusing("Server.run"),
    "hypercorn.run": refusing("run"),
    "daphne.server": refusing("Server.run"),
    "aiohttp.web": refusing("run_app"),
}
