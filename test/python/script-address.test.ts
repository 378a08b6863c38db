// A script that starts a server itself is served where it would have served, unless a setting says where: the real command.
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project, type Command } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { venvPython } from "../needs.ts";
import { eventually, send } from "./serve-python.ts";

const APPLICATION = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"at " + environ["SERVER_PORT"].encode()]

`;

const STARTERS: readonly { name: string; start: string }[] = [
  {
    name: "wsgiref",
    start: 'from wsgiref.simple_server import make_server\nmake_server("127.0.0.1", PORT, application).serve_forever()',
  },
  {
    name: "wsgiref on all interfaces",
    start: `from wsgiref.simple_server import make_server
httpd = make_server("", PORT, application)
print("Serving on", httpd.socket.getsockname())
httpd.serve_forever()`,
  },
  {
    name: "a server class of wsgiref",
    start: `from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, WSGIRequestHandler
class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
server = Threaded(("127.0.0.1", PORT), WSGIRequestHandler)
server.set_app(application)
server.serve_forever()`,
  },
  {
    name: "Flask",
    start:
      'from flask import Flask\napp = Flask(__name__)\napp.wsgi_app = application\nif __name__ == "__main__":\n    app.run(port=PORT, debug=True)',
  },
  { name: "waitress", start: 'import waitress\nwaitress.serve(application, listen="127.0.0.1:PORT")' },
  {
    name: "waitress.server",
    start: 'from waitress.server import create_server\ncreate_server(application, host="127.0.0.1", port=PORT).run()',
  },
  {
    name: "gevent",
    start: 'from gevent.pywsgi import WSGIServer\nWSGIServer(("127.0.0.1", PORT), application).serve_forever()',
  },
  {
    name: "gevent with a socket of the script",
    start: `import socket
from gevent.pywsgi import WSGIServer
listener = socket.create_server(("127.0.0.1", PORT))
WSGIServer(listener, application).serve_forever()`,
  },
  { name: "bottle", start: 'import bottle\nbottle.run(application, host="127.0.0.1", port=PORT, server="waitress")' },
  {
    name: "werkzeug",
    start:
      'from werkzeug.serving import run_simple\nrun_simple("127.0.0.1", PORT, application, use_reloader=True, threaded=True)',
  },
  {
    name: "a server class of werkzeug",
    start:
      'from werkzeug.serving import ThreadedWSGIServer\nThreadedWSGIServer("127.0.0.1", PORT, application).serve_forever()',
  },
  { name: "cheroot", start: 'from cheroot.wsgi import Server\nServer(("127.0.0.1", PORT), application).start()' },
  {
    name: "CherryPy",
    start: `import cherrypy
cherrypy.tree.graft(application, "/")
cherrypy.config.update({"server.socket_port": PORT})
cherrypy.engine.start()
cherrypy.engine.block()`,
  },
  {
    name: "gunicorn from a program",
    start: `from gunicorn.app.base import BaseApplication
class Own(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:PORT")
    def load(self):
        return application
Own().run()`,
  },
];

const python = venvPython();

let project: Project;
let command: Command | undefined;
let port: number;

beforeEach(async () => {
  project = new Project({});
  port = await freePort();
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

function serve(start: string, options: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Command {
  project.write("script.py", APPLICATION + start.replaceAll("PORT", String(port)));
  command = project.start(["script.py", "--python", python ?? "", ...options], { env });
  return command;
}

test.skipIf(python === undefined).each(STARTERS)("$name: served at the address of the script", async ({ start }) => {
  const serving = serve(start);
  expect(await serving.port()).toBe(port);
  expect((await send(port, "/")).text).toBe(`at ${port}`);
  // Threads that its own server had started keep no process alive.
  expect((await serving.stop()).stderr).not.toContain("The process is killed");
});

const WSGIREF = STARTERS[0]?.start ?? "";

test.skipIf(python === undefined)("several workers share the address of the script", async () => {
  expect(await serve(WSGIREF, ["-w", "2"]).port()).toBe(port);
  expect((await send(port, "/")).text).toBe(`at ${port}`);
});

test.skipIf(python === undefined)("--reload: a new address of the script, and code that does not come up", async () => {
  const serving = serve(WSGIREF, ["--reload"]);
  expect(await serving.port()).toBe(port);
  const [before, next] = [port, await freePort()];
  project.write("script.py", "raise SystemError('edited')\nrun()");
  await serving.saw("SystemError: edited");
  expect((await send(before, "/")).text).toBe(`at ${before}`);
  project.write("script.py", APPLICATION + WSGIREF.replaceAll("PORT", String(next)));
  await eventually(
    () =>
      send(next, "/").then(
        ({ text }) => text === `at ${next}`,
        () => false,
      ),
    "the new address",
  );
  await eventually(
    () =>
      send(before, "/").then(
        () => false,
        () => true,
      ),
    "the end of the old address",
  );
});

test.skipIf(python === undefined)("a unix socket of the script", async () => {
  const path = project.path("w.sock");
  await serve(`import waitress\nwaitress.serve(application, unix_socket=${JSON.stringify(path)})`).saw("Listening at");
  expect(command?.stderr).toContain(`Listening at: unix:${path}`);
});

test.skipIf(python === undefined).each([
  { name: "--bind", options: ["-b", "127.0.0.1:0"], env: {} },
  { name: "TSGI_CMD_ARGS", options: [], env: { TSGI_CMD_ARGS: "--bind 127.0.0.1:0" } },
  { name: "PORT", options: [], env: { PORT: "0" } },
])("$name wins over the address of the script", async ({ options, env }) => {
  const chosen = await serve(WSGIREF, options, env).port();
  expect(chosen).not.toBe(port);
  expect((await send(chosen, "/")).text).toBe(`at ${chosen}`);
  await expect(send(port, "/")).rejects.toThrow("ECONNREFUSED");
});

test.skipIf(python === undefined)("a script that fails is named, and the command ends", async () => {
  const { code, stderr } = await serve(`raise SystemError("no database")\nrun()`, []).result;
  expect(stderr).toContain("SystemError: no database");
  expect(code).toBe(3);
});
