// Programs that start a server themselves find the real servers, and only what is theirs to serve is taken from them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Command } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { pythonApplication } from "../../src/guests/python/python-application.ts";
import { eventually, PYTHON, send, servePython } from "./serve-python.ts";

/** An application that answers with what the program has noted. */
const NOTES = `
notes = []
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["\\n".join(map(str, notes)).encode()]

`;

let directory: string;
let port: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-starters-"));
  port = await freePort();
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text.replaceAll("PORT", String(port)));
}

/** Where CI=true nothing is skipped: what is missing is a failure. */
function isMissing(module: string | undefined): boolean {
  if (module === undefined || process.env["CI"] === "true") return false;
  const python = PYTHON === "python3" ? PYTHON : `${PYTHON}/bin/python`;
  return spawnSync(python, ["-c", `import ${module}`]).status !== 0;
}

const REAL: readonly { name: string; needs?: string; program: string; notes: string }[] = [
  {
    name: "wsgiref",
    program: `
import socketserver
from wsgiref.simple_server import WSGIServer, make_server
server = make_server("127.0.0.1", PORT, application)
notes += [isinstance(server, WSGIServer), isinstance(server, socketserver.TCPServer), server.server_port == PORT]
notes += [server.socket.getsockname() == ("127.0.0.1", PORT), server.fileno() > 0, server.base_environ["SERVER_" + "PO" + "RT"] == "PORT"]
with server:
    server.serve_forever(poll_interval=0.5)`,
    notes: "True\nTrue\nTrue\nTrue\nTrue\nTrue",
  },
  {
    name: "werkzeug",
    needs: "werkzeug",
    program: `
from werkzeug.serving import BaseWSGIServer, make_server
server = make_server("127.0.0.1", PORT, application, threaded=True)
notes += [isinstance(server, BaseWSGIServer), server.multithread, server.port == PORT, server.app is application]
server.log_startup()
server.serve_forever()`,
    notes: "True\nTrue\nTrue\nTrue",
  },
  {
    name: "waitress",
    needs: "waitress",
    program: `
from waitress.server import BaseWSGIServer, create_server
server = create_server(application, host="127.0.0.1", port=PORT, threads=3)
server.print_listen("Serving on {}:{}")
notes += [isinstance(server, BaseWSGIServer), server.effective_host, str(server.effective_port) == "PORT", server.adj.threads]
server.run()`,
    notes: "True\n127.0.0.1\nTrue\n3",
  },
  {
    name: "waitress at several addresses",
    needs: "waitress",
    program: `
from waitress.server import MultiSocketServer, create_server
server = create_server(application, listen="127.0.0.1:PORT 127.0.0.2:PORT")
server.print_listen("Serving on {}:{}")
notes += [isinstance(server, MultiSocketServer), len(server.effective_listen)]
server.run()`,
    notes: "True\n2",
  },
  {
    name: "cheroot",
    needs: "cheroot",
    program: `
import cheroot.server
from cheroot.wsgi import Server
notes += [Server.version.startswith("Cheroot/"), issubclass(Server, cheroot.server.HTTPServer)]
server = Server(("127.0.0.1", PORT), application, server_name="named")
server.stats["Enabled"] = True
server.prepare()
notes += [server.ready, server.stats["Requests"](server.stats), server.bind_addr == ("127.0.0.1", PORT)]
server.serve()`,
    notes: "True\nTrue\nTrue\n0\nTrue",
  },
  {
    name: "CherryPy's engine",
    needs: "cherrypy",
    program: `
import cherrypy
cherrypy.engine.subscribe("start", lambda: notes.append("started"))
cherrypy.tree.graft(application, "/")
cherrypy.config.update({"server.socket_host": "127.0.0.1", "server.socket_port": PORT})
cherrypy.engine.start()
notes.append(cherrypy.engine.state == cherrypy.engine.states.STARTED)
cherrypy.engine.block()`,
    notes: "started\nTrue",
  },
  {
    name: "gevent in the background",
    needs: "gevent",
    program: `
import gevent
from gevent.pywsgi import WSGIServer
WSGIServer(("127.0.0.1", PORT), application).start()
while True:
    gevent.sleep(0.1)`,
    notes: "",
  },
  {
    name: "eventlet",
    needs: "eventlet",
    program: `
import eventlet
from eventlet import wsgi
wsgi.server(eventlet.listen(("127.0.0.1", PORT)), application)`,
    notes: "",
  },
  {
    name: "tornado",
    needs: "tornado",
    program: `
import tornado.httpserver, tornado.ioloop, tornado.wsgi
tornado.httpserver.HTTPServer(tornado.wsgi.WSGIContainer(application)).listen(PORT, "127.0.0.1")
tornado.ioloop.IOLoop.current().start()`,
    notes: "",
  },
  {
    name: "tornado inside of asyncio, for an application that runs a loop of its own",
    needs: "tornado",
    program: `
import asyncio, tornado.httpserver, tornado.wsgi
def with_loop(environ, start_response):
    asyncio.run(asyncio.sleep(0))
    return application(environ, start_response)
async def main():
    tornado.httpserver.HTTPServer(tornado.wsgi.WSGIContainer(with_loop)).listen(PORT, "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())`,
    notes: "",
  },
  {
    name: "Django's autoreloader",
    needs: "django",
    program: `
import os
from django.utils import autoreload
from django.core.servers.basehttp import run
notes.append("RUN_MAIN" in os.environ)
autoreload.run_with_reloader(lambda: run("127.0.0.1", PORT, application, threading=True))`,
    notes: "False",
  },
  {
    name: "a server class of the program, built on http.server",
    program: `
from http.server import HTTPServer, BaseHTTPRequestHandler
class Own(HTTPServer):
    def __init__(self, address, application):
        super().__init__(address, BaseHTTPRequestHandler)
        self.application = application
Own(("127.0.0.1", PORT), application).serve_forever()`,
    notes: "",
  },
];

test.for(REAL)("$name is what the program finds, and TSGI serves", async ({ needs, program, notes }, context) => {
  context.skip(isMissing(needs));
  write("program.py", NOTES + program);
  const served = await servePython({ target: "program.py", directory });
  expect(served.guest.address).toEqual(["127.0.0.1", port]);
  expect(await served.get("/")).toMatchObject({ status: 200, text: notes });
  await expect(send(port, "/")).rejects.toThrow("ECONNREFUSED");
  await served.close();
});

test("a server that a program runs beside its own, in a thread, is not taken: it serves by itself", async () => {
  write(
    "program.py",
    `${NOTES}
import threading
from wsgiref.simple_server import make_server
def metrics(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"metrics"]
threading.Thread(target=make_server("127.0.0.1", PORT, metrics).serve_forever, daemon=True).start()
notes.append("the application")
make_server("127.0.0.1", 8001, application).serve_forever()`,
  );
  const served = await servePython({ target: "program.py", directory });
  expect(served.guest.address).toEqual(["127.0.0.1", 8001]);
  expect((await served.get("/")).text).toBe("the application");
  await eventually(
    () =>
      send(port, "/").then(
        ({ text }) => text === "metrics",
        () => false,
      ),
    "the other server",
  );
  await served.close();
});

test("a server in a thread is taken when the main thread only looks now and then whether it has ended", async () => {
  write(
    "program.py",
    `${NOTES}
import threading
from wsgiref.simple_server import make_server
notes.append("the application")
threading.Thread(target=make_server("127.0.0.1", 8001, application).serve_forever, daemon=True).start()
has_ended = threading.Event()
while True:
    if has_ended.wait(timeout=0.4):
        break`,
  );
  const served = await servePython({ target: "program.py", directory });
  expect(served.guest.address).toEqual(["127.0.0.1", 8001]);
  expect((await served.get("/")).text).toBe("the application");
  await served.close();
});

test("an application that is imported may run servers of its own", async () => {
  write(
    "site.py",
    `${NOTES}
import threading
from wsgiref.simple_server import make_server
def metrics(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"metrics"]
def start_metrics():
    threading.Thread(target=make_server("127.0.0.1", PORT, metrics).serve_forever, daemon=True).start()
start_metrics()`,
  );
  const served = await servePython({ target: "./site.py:application", directory });
  expect((await served.get("/")).status).toBe(200);
  expect((await send(port, "/")).text).toBe("metrics");
  await served.close();
});

test.for([
  {
    name: "http.server",
    program: "from http.server import *\nHTTPServer(('127.0.0.1', PORT), SimpleHTTPRequestHandler).serve_forever()",
    message: "The program serves with http.server.HTTPServer: TSGI serves WSGI applications",
  },
  {
    name: "tornado",
    needs: "tornado",
    program: "import tornado.web\ntornado.web.Application([]).listen(PORT)",
    message: "The program serves with tornado.httpserver.HTTPServer",
  },
])("$name without a WSGI application is refused by name", async ({ needs, program, message }, context) => {
  context.skip(isMissing(needs));
  write("program.py", program);
  await expect(pythonApplication({ target: "program.py", directory, python: PYTHON, log: () => {} })).rejects.toThrow(
    message,
  );
});

/** A finder as tracing tools install it: it looks with what stands behind it, and changes what it finds. */
const TRACER = `
import sys, importlib.util
class Tracer:
    busy = set()
    def find_spec(self, name, path=None, target=None):
        if name in self.busy or not name.startswith(("wsgiref", "socketserver")):
            return None
        self.busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy.discard(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            module.traced = getattr(module, "traced", 0) + 1
        spec.loader.exec_module = exec_module
        return spec
sys.meta_path.insert(0, Tracer())
`;

test.each([
  { name: "a program", target: "program.py", end: 'make_server("127.0.0.1", PORT, application).serve_forever()' },
  { name: "a module", target: "program:application", end: "" },
])("other finders of modules see those of servers too, once: $name", async ({ target, end }) => {
  write("sitecustomize.py", TRACER);
  write(
    "program.py",
    `${NOTES}
import sys, socketserver, wsgiref.simple_server, wsgiref.handlers
from wsgiref.simple_server import make_server
for module in (socketserver, wsgiref.simple_server, wsgiref.handlers):
    notes.append((module.__name__, module.traced, type(module.__spec__.loader).__name__))
notes.append([type(finder).__name__ for finder in sys.meta_path if type(finder).__name__ in ("Tracer", "StarterFinder")])
${end}`,
  );
  const served = await servePython({ target, directory, environment: { PYTHONPATH: directory } });
  const finders = end === "" ? ["Tracer"] : ["StarterFinder", "Tracer"];
  expect((await served.get("/")).text).toBe(
    [
      ...["socketserver", "wsgiref.simple_server", "wsgiref.handlers"].map(
        (name) => `('${name}', 1, 'SourceFileLoader')`,
      ),
      `[${finders.map((name) => `'${name}'`).join(", ")}]`,
    ].join("\n"),
  );
  await served.close();
});

/** Starts a child, as a reloader does, which would stay for ever; `stubborn` ones do not end when they are told. */
const PARENT = `
import os, subprocess, sys
code = "import signal, time\\n%sprint('child', flush=True)\\ntime.sleep(600)" % (
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n" if STUBBORN else "")
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
child.stdout.readline()
open("child-pid", "w").write(str(child.pid))
from wsgiref.simple_server import make_server
def application(environ, start_response):
    start_response("200 OK", [])
    return [str(child.pid).encode()]
make_server("127.0.0.1", PORT, application).serve_forever()
`;

function isAlive(pid: number): boolean {
  try {
    // A zombie, which waits for its new parent, has ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test.each([
  { stubborn: "False", preload: false },
  { stubborn: "True", preload: false },
  { stubborn: "True", preload: true },
])("what a program has started ends with it: stubborn $stubborn, preload $preload", async ({ stubborn, preload }) => {
  write("program.py", PARENT.replace("STUBBORN", stubborn));
  const served = await servePython({ target: "program.py", directory, preload });
  const child = Number((await served.get("/")).text);
  expect(isAlive(child)).toBe(true);
  await served.close();
  await eventually(() => !isAlive(child), "the end of the child");
});

test("what a program has started ends with it also when it is killed, and when TSGI is", async () => {
  write("program.py", PARENT.replace("STUBBORN", "True"));
  const served = await servePython({ target: "program.py", directory });
  const child = Number((await served.get("/")).text);
  expect(isAlive(child)).toBe(true);
  process.kill(served.guest.stats().processes[0]?.pid ?? 0, "SIGKILL");
  await eventually(() => !isAlive(child), "the end of the child of a killed program");
  await served.close();
  const command = new Command([join(directory, "program.py"), "-b", "127.0.0.1:0", "--python", PYTHON], directory, {});
  const second = Number((await send(await command.port(), "/")).text);
  command.signal("SIGKILL");
  await eventually(() => !isAlive(second), "the end of the child of a killed server");
});
