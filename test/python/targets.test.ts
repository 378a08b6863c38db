// What a target may be: modules, files, factories, and scripts that start a server themselves.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { APPS, eventually, PYTHON, servePython } from "./serve-python.ts";
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
  ["scripts/class_script.py", "an instance for /", ["", 8803]],
  ["scripts/instance_script.py", "Good day, from 2 layers", ["", 8804]],
  ["scripts/form_script.py", "[]", ["", 8807]],
  ["scripts/text_body.py", "Index", ["127.0.0.1", 8051]],
  ["scripts/bare_text_script.py", "Start", ["127.0.0.1", 8805]],
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

test("a script reads a form", async () => {
  const served = await servePython({ target: "scripts/form_script.py" });
  const body = "name=gundar&rank=sniffle+chief&empty=";
  const { text } = await served.get("/?ignored=1", { method: "POST", body });
  expect(text).toBe("[('empty', ['']), ('name', ['gundar']), ('rank', ['sniffle chief'])]");
  await served.close();
});

test("a layer of a script replaces the status that layers inside have announced", async () => {
  const served = await servePython({ target: "scripts/late_status_script.py" });
  expect(await served.get("/")).toMatchObject({ status: 503, text: "Sorry: the work could not be done" });
  expect(served.guest.address).toEqual(["127.0.0.1", 8806]);
  await served.close();
});

test("text of a body is sent with one warning, and bytes elsewhere pass unchanged", async () => {
  const served = await servePython({ target: "scripts/text_body.py" });
  expect((await served.get("/abcd")).headers["content-length"]).toBe("5");
  expect((await served.get("/abcd")).text).toBe("Hello");
  const warnings = (): number => served.log.filter(({ message }) => message.includes("returned str")).length;
  await eventually(() => warnings() > 0, "the warning");
  await served.get("/");
  expect(warnings()).toBe(1);
  await served.close();
});

const FILTER = "use = call:paste_script:filter_factory\nkey";
const SERVED = "use = call:paste_script:app_factory";

test.each([
  { name: "an application alone", ini: `[app:main]\n${SERVED}\n`, text: "" },
  {
    name: "filter-with",
    ini: `[app:main]\n${SERVED}\nfilter-with = one \n\n[filter:one]\n${FILTER} = abc\n`,
    text: "abc",
  },
  { name: "a pipeline", ini: readFileSync(`${APPS}/scripts/paste.ini`, "utf8"), text: "abc def" },
])(
  "a script that builds its application with PasteDeploy from an INI file that names the script: $name",
  async (row) => {
    const directory = mkdtempSync(join(tmpdir(), "tsgi-paste-"));
    copyFileSync(`${APPS}/scripts/paste_script.py`, join(directory, "paste_script.py"));
    writeFileSync(join(directory, "paste.ini"), row.ini);
    const served = await servePython({ target: "paste_script.py", directory });
    expect(await served.get("/")).toMatchObject({ status: 200, text: row.text });
    await served.close();
    rmSync(directory, { recursive: true });
  },
);

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
