import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readUwsgiFile } from "./uwsgi-file.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-uwsgi-file-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function read(name: string, text: string, named = name): string[] {
  writeFileSync(join(root, name), text);
  return readUwsgiFile(named, root, { PORT: "81" }).map(({ key, value }) => (value === "" ? key : `${key}=${value}`));
}

const WANTED = ["http-socket=:81", "env=A=1", "env=B=2", "processes=4", "logto=/tmp/site.log"];

describe("readUwsgiFile gives the same options", () => {
  test.each([
    [
      "site.ini",
      "[uwsgi]\nhttp-socket = :$(PORT)\nenv = A=1\nenv = B=2\nprocesses = 4\nmaster = true\nlogto = /tmp/%n.log\n",
    ],
    [
      "site.json",
      '{"uwsgi": {"http-socket": ":$(PORT)", "env": ["A=1", "B=2"], "processes": 4, "master": true, "logto": "/tmp/%n.log"}}',
    ],
    [
      "site.yaml",
      "---\nother:\n  processes: 9\nuwsgi:\n  http-socket: \":$(PORT)\"  # a comment\n  env:\n    - A=1\n    - 'B=2'\n  processes: 4\n  master: true\n  logto: /tmp/%n.log\n",
    ],
    [
      "site.yml",
      "uwsgi:\r\n  http-socket: :$(PORT)\r\n  env: [A=1, B=2]\r\n  processes: 4\r\n  master: true\r\n  logto: /tmp/%n.log",
    ],
    [
      "site.xml",
      "<?xml version='1.0'?>\n<uwsgi id='shop'>\n<http-socket>:$(PORT)</http-socket><!-- <processes>9</processes> --><env>A=1</env>\n<env> B=2 </env><processes>4</processes><master>true</master><logto>/tmp/%n.log</logto></uwsgi>",
    ],
  ])("%s", (name, text) => {
    expect(read(name, text)).toEqual([...WANTED.slice(0, 4), "master=true", WANTED[4]]);
  });

  test("and an element without text is a switch; entities are what they stand for", () => {
    expect(read("a.xml", "<uwsgi><master/><env>A=&lt;&amp;lt;&gt;</env></uwsgi>")).toEqual(["master", "env=A=<&lt;>"]);
  });

  test("and a value may have lines", () => {
    expect(read("a.json", '{"uwsgi": {"env": "KEY=one\\ntwo = 2"}}')).toEqual(["env=KEY=one\ntwo = 2"]);
  });

  test("of another section, when one is named", () => {
    const text = "[uwsgi]\nhttp = :80\n[api]\nhttp = :90\n";
    expect(read("a.ini", text, "a.ini:api")).toEqual(["http=:90"]);
    expect(read("a.json", '{"uwsgi": {}, "api": {"http": ":90"}}', "a.json:api")).toEqual(["http=:90"]);
  });
});

test.each([
  ["a.ini", "[other]\n", /it has no section \[uwsgi\]$/],
  ["a.json", "{", /^Cannot read ".*a\.json": /],
  ["a.json", '{"uwsgi": []}', /it has no options of "uwsgi"$/],
  ["a.json", "null", /it has no options of "uwsgi"$/],
  ["a.yaml", "other:\n  a: 1\n", /it has no options of "uwsgi"$/],
  ["a.yaml", "uwsgi:\n  a: 1\n  {b\n", /cannot understand the line "\{b"; expected "option: value"$/],
  ["a.xml", "<other/>", /it has no options of "uwsgi"$/],
])("readUwsgiFile refuses %s: %j", (name, text, message) => {
  expect(() => read(name, text)).toThrow(message);
});
