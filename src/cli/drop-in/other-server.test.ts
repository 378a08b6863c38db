import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { draftOfStart } from "./other-server.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-drop-in-"));
  put("shop.py", "");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

const PATH = { PATH: process.env["PATH"] };

function settingsOf(line: string, environment: Record<string, string | undefined> = {}): Record<string, unknown> {
  const [server, ...words] = line.split(" ");
  return Object.fromEntries(
    draftOfStart(server as "gunicorn" | "uwsgi", words, root, { ...PATH, ...environment }).values,
  );
}

describe("draftOfStart, gunicorn", () => {
  test.each([
    [
      "gunicorn -k gevent -w 4 -b 127.0.0.1:5000 shop:app",
      {
        target: "shop:app",
        workerClass: "gevent",
        threads: 1000,
        workers: 4,
        bind: ["127.0.0.1:5000"],
        timeout: 0,
      },
    ],
    ["gunicorn shop:application --bind=localhost:8051", { target: "shop:application", bind: ["localhost:8051"] }],
    ["gunicorn --threads 4 shop:app", { target: "shop:app", threads: 4, timeout: 0 }],
    ["gunicorn --threads 4 -t 9 shop:app", { target: "shop:app", threads: 4, timeout: 9 }],
    ["gunicorn --check-config shop:app", { target: "shop:app", checkConfig: true }],
    ["gunicorn --protocol uwsgi -b unix:/a.sock -b :80 shop:app", { bind: ["uwsgi:unix:/a.sock", "uwsgi://:80"] }],
    [
      "gunicorn --protocol=uwsgi --uwsgi-allow-from=10.0.0.0/8 shop:app",
      { bind: ["uwsgi://127.0.0.1:8000"], gatewayAllowIps: "10.0.0.0/8" },
    ],
  ])("%s", (line, settings) => {
    expect(settingsOf(line)).toMatchObject(settings);
  });

  test("reads gunicorn.conf.py, then GUNICORN_CMD_ARGS, then the words", () => {
    put("gunicorn.conf.py", 'import os\nworkers = 2\nthreads = int(os.environ["THREADS"])\nbind = ":1"\n');
    put("other.py", "workers = 9\n");
    const environment = { THREADS: "3", GUNICORN_CMD_ARGS: "--workers 5 --bind :2" };
    expect(settingsOf("gunicorn -b :3 shop:app", environment)).toMatchObject({ workers: 5, threads: 3, bind: [":3"] });
    expect(settingsOf("gunicorn -c other.py shop:app")).toMatchObject({ workers: 9 });
    put("conf/__init__.py", "");
    put("conf/live.py", "workers = 8\n");
    expect(settingsOf("gunicorn -c python:conf.live shop:app")).toMatchObject({ workers: 8 });
    expect(() => settingsOf("gunicorn -c python:conf.none shop:app")).toThrow("No module named 'conf.none'");
  });

  test.each([
    ["gunicorn", 'no application is named, as in "gunicorn shop.wsgi:application"'],
    ["gunicorn --paste app.txt", "expected the name of an .ini file"],
    ["gunicorn --nonsense shop:app", 'Cannot read the flag "--nonsense": gunicorn has no such flag'],
    ["gunicorn -c missing.py shop:app", "No such file"],
  ])("%s is refused", (line, message) => {
    expect(() => settingsOf(line)).toThrow(message);
  });
});

describe("draftOfStart, uWSGI", () => {
  test.each([
    ["uwsgi --http :8051 --wsgi-file shop.py", { target: "shop.py:application", bind: [":8051"], timeout: 0 }],
    ["uwsgi --http=:8051 shop.py", { target: "shop.py:application" }],
    ["uwsgi --http :8051 shop:app", { target: "shop:app" }],
    ["uwsgi -s /a.sock -w shop -p 4 -M -t 20", { bind: ["uwsgi:unix:/a.sock"], workers: 4, timeout: 20 }],
    ["uwsgi --socket 127.0.0.1:3031 -w shop", { bind: ["uwsgi://127.0.0.1:3031"] }],
    ["uwsgi --socket :3031 --protocol http -w shop", { bind: [":3031"] }],
    ["uwsgi --fastcgi-socket /a.sock --scgi-socket :4 -w shop", { bind: ["fastcgi:unix:/a.sock", "scgi://:4"] }],
    ["uwsgi --mount /shop=shop:app --manage-script-name", { target: "shop:app", scriptName: "/shop" }],
    ["uwsgi --ini site.ini --processes 3", { target: "shop:application", workers: 3 }],
    ["uwsgi --set-ph n=6 --ini set.ini", { target: "shop:application", workers: 6 }],
    ["uwsgi site.yaml", { target: "shop:application", workers: 7 }],
  ])("%s", (line, settings) => {
    put("site.ini", "[uwsgi]\nmodule = shop\nprocesses = 2\n");
    put("set.ini", "[uwsgi]\nmodule = shop\nprocesses = %(n)\n");
    put("site.yaml", "uwsgi:\n  module: shop\n  processes: 7\n");
    expect(settingsOf(line)).toMatchObject(settings);
  });

  test("reads UWSGI_ variables, which yield to files and words; not those that uWSGI sets for itself", () => {
    put("site.ini", "[uwsgi]\nprocesses = 2\n");
    const environment = { UWSGI_MODULE: "shop:app", UWSGI_PROCESSES: "9", UWSGI_HTTP_SOCKET: ":7", UWSGI_RELOADS: "1" };
    const draft = draftOfStart("uwsgi", ["site.ini"], root, { ...PATH, ...environment });
    expect(Object.fromEntries(draft.values)).toMatchObject({ target: "shop:app", workers: 2, bind: [":7"] });
    expect(draft.remarks.filter(({ kind }) => kind === "missing")).toEqual([]);
  });

  test("says what has no equivalent", () => {
    const { remarks } = draftOfStart("uwsgi", ["-w", "shop", "--cheaper", "2", "--static-map", "/s=/srv"], root, PATH);
    const subjects = remarks.flatMap(({ kind, subject }) => (kind === "missing" ? [subject] : []));
    expect(subjects).toEqual(["cheaper = 2", "static-map = /s=/srv"]);
  });
});
