// What a target may be: modules, files, factories, and scripts that start a server themselves.
import { expect, test } from "vitest";
import { APPS, PYTHON, servePython } from "./serve-python.ts";
import { pythonApplication } from "../../src/guests/python/python-application.ts";

test.each([
  ["package.inner.wsgi:application", "package application"],
  ["package.inner.wsgi:app", "package app"],
  ["package.inner.wsgi", "package application"],
  ["package.inner.wsgi:Holder.nested", "package app"],
  ['package.inner.wsgi:make("hi", 3, mark=("a", None))', "hi 3 ('a', None)"],
  ["package/inner/wsgi.py", "package application"],
  ["package/inner/wsgi.py:app", "package app"],
  ['package/inner/wsgi.py:make("file")', "file 1 None"],
  ["only_app", "only app"],
  ["only_app.py", "only app"],
  ["serves_at_import:application", "imported all the same"],
  ["serves_at_import", "imported all the same"],
])("the target %s", async (target, text) => {
  const served = await servePython({ target });
  expect(await served.get("/")).toMatchObject({ status: 200, text });
  expect(served.guest.address).toEqual(target.startsWith("serves") ? ["127.0.0.1", 8051] : null);
  await served.close();
});

test.each([
  ["scripts/wsgiref_script.py", "main=__main__", ["", 8800]],
  ["scripts/one_request.py", "one at a time", ["127.0.0.1", 8801]],
  ["scripts/text_body.py", "Index", ["127.0.0.1", 8051]],
  ["scripts/flask_script.py", "Hello World!", ["127.0.0.1", 5001]],
  ["scripts/waitress_script.py", "waitress", ["127.0.0.1", 8041]],
  ["scripts/gevent_script.py", "gevent", ["127.0.0.1", 8042]],
  ["scripts/old_gevent_script.py", "old gevent", ["", 5000]],
  ["scripts/bottle_script.py", "bottle", ["127.0.0.1", 8043]],
  ["scripts/werkzeug_script.py", "werkzeug nobody", ["127.0.0.1", 8044]],
  ["scripts/cherrypy_script.py", "cherrypy", ["127.0.0.1", 8045]],
  ["scripts/threaded_script.py", "from a thread", ["127.0.0.1", 8046]],
  ["scripts/exits_script.py", "no server", null],
])("the script %s runs as it is", async (target, text, address) => {
  const served = await servePython({ target });
  const received = await served.get("/");
  expect(received.status).toBe(200);
  expect(received.text).toContain(text);
  expect(served.guest.address).toEqual(address);
  await served.close();
});

test("a script that builds its pipeline with PasteDeploy from an INI file that names the script", async () => {
  const served = await servePython({ target: "paste_script.py", directory: `${APPS}/scripts` });
  expect(await served.get("/")).toMatchObject({ status: 200, text: "abc def" });
  await served.close();
});

test("a script with several processes and threads", async () => {
  const served = await servePython({ target: "scripts/wsgiref_script.py", processes: 2, threads: 3, preload: true });
  const answers = await Promise.all(Array.from({ length: 20 }, () => served.get("/")));
  expect(answers.every((received) => received.status === 200)).toBe(true);
  await served.close();
});

test.each([
  ["broken:application", "No module named 'a_module_that_does_not_exist'"],
  ["no_such_module:app", "No module named 'no_such_module'"],
  ["torture:nothing", "torture has no attribute 'nothing'"],
  ["filters", "filters has neither 'application' nor 'app'"],
  ["torture:TEXT", "expected a WSGI application"],
  ["package.inner.wsgi:make(open('x'))", "are not literals"],
  ["no_such_file.py", "No such file"],
])("the target %s fails with a clear message", async (target, message) => {
  await expect(pythonApplication({ target, directory: APPS, log: () => {} })).rejects.toThrow(message);
});

test("several interpreters side by side", async () => {
  const guests = await Promise.all(
    [PYTHON, "/usr/bin/python3"].map((python) => servePython({ target: "torture:application", python })),
  );
  for (const served of guests) expect((await served.get("/hello")).text).toBe("hello");
  expect(new Set(guests.map(({ guest }) => guest.python)).size).toBe(2);
  for (const served of guests) await served.close();
});

test("an interpreter that does not exist fails with a clear message", async () => {
  await expect(pythonApplication({ target: "hello", python: "/no/such/python" })).rejects.toThrow(
    'The interpreter "/no/such/python" does not exist',
  );
});
