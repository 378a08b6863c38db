// Configurations that nobody means well by, or that are not what their names say. Each is refused by one line, at once.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Draft } from "./draft.ts";
import { draftOf, importFile, type ImportKind } from "./import-file.ts";
import { MAX_CONFIGURATION_BYTES } from "./read-text.ts";
import { readUwsgiFile } from "./uwsgi-file.ts";
import { translateUwsgi } from "./uwsgi-settings.ts";

const root = mkdtempSync(join(tmpdir(), "tsgi-hostile-"));
const PATH = { PATH: process.env["PATH"] };
const MEBIBYTE = 2 ** 20;

beforeAll(() => writeFileSync(join(root, "secret"), "open sesame"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The options, each as `key=value`. */
function read(name: string, content: string | Uint8Array): string[] {
  writeFileSync(join(root, name), content);
  return readUwsgiFile(name, root, {}).map(({ key, value }) => (value === "" ? key : `${key}=${value}`));
}

/** Fills a file up to the limit. */
function filled(begin: string, repeated: string, end = ""): string {
  const times = Math.floor((MAX_CONFIGURATION_BYTES - begin.length - end.length) / repeated.length);
  return begin + repeated.repeat(times) + end;
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

const XML_LAUGHS = `<!DOCTYPE uwsgi [\n${lines(10, (n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`)}\n]><uwsgi><env>&l10;</env></uwsgi>`;

test.each<[name: string, content: string | Uint8Array, message: RegExp]>([
  ["laughs.xml", XML_LAUGHS, /line 1: document types and CDATA are not read; write the text itself$/],
  ["outside.xml", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><uwsgi/>`, /document types/],
  ["entity.xml", "<uwsgi><env>A=&xxe;</env></uwsgi>", /the entity "&xxe;" is not known; write its text itself$/],
  ["code.xml", "<uwsgi><env>A=&#x110000;</env></uwsgi>", /the entity "&#x110000;" is not known/],
  ["bare.xml", "<uwsgi><env>A=1&B=2</env></uwsgi>", /the entity "&" is not known/],
  ["cut.xml", "<uwsgi><env>A=1</env>", /<uwsgi> does not end$/],
  ["crossed.xml", "<uwsgi>\n<env>A=1</uwsgi></env>", /line 2: <\/uwsgi> ends nothing$/],
  ["comment.xml", filled("<uwsgi>", "<!-"), /document types/],
  ["comments.xml", filled("<uwsgi>", "<!--"), /line 1: <!-- does not end$/],
  ["deep.xml", filled("<uwsgi>", "<a>"), /<a> does not end$/],
  ["tag.xml", filled("<uwsgi><a", " ", "x"), /line 1 is no XML$/],
  ["anchor.yaml", "uwsgi:\n  env: &a\n  - A=1\n", /the line "env: &a": it has an anchor; write the value itself$/],
  ["alias.yaml", "uwsgi:\n  env: [*a, *a]\n", /it has an alias/],
  ["merge.yaml", "uwsgi:\n  <<: *all\n", /cannot understand the line "<<: \*all"; expected "option: value"$/],
  ["tag.yaml", "uwsgi:\n  env: !!python/object/apply:os.system [id]\n", /it has a tag/],
  ["block.yaml", "uwsgi:\n  env: |\n    A=1\n", /it has a text of several lines/],
  ["map.yaml", "uwsgi:\n  env:\n    A: 1\n", /cannot understand the line "A: 1"; expected "option: value"$/],
  ["item.yaml", "uwsgi:\n  - A=1\n", /cannot understand the line "- A=1"/],
  ["quote.yaml", `uwsgi:\n  env: "A=\\x"\n`, /cannot understand the line/],
  ["wide.yaml", filled("uwsgi:\n  env ", " ", "x"), /cannot understand the line "env …"/],
  ["null.json", `{"uwsgi": {"http": null}}`, /the option "http" has null; expected text, a number, true or false, or/],
  ["object.json", `{"uwsgi": {"env": [{"A": 1}]}}`, /the option "env" has an object/],
  ["deep.json", `{"uwsgi": {"env": ${"[".repeat(1e5)}${"]".repeat(1e5)}}}`, /the option "env" has a list in a list/],
  ["cut.json", filled(`{"uwsgi": {"env": `, "["), /Cannot read ".*": Unexpected end of JSON input/],
  ["lines.json", `{"uwsgi":\n\n\n x}`, /Cannot read ".*": Unexpected token .x., [^\n]*$/],
  ["proto.json", `{"__proto__": {"http": ":1"}}`, /it has no options of "uwsgi"$/],
  ["utf16.json", Buffer.from(`{"uwsgi": {}}`, "utf16le"), /it has NUL bytes; expected text in UTF-8$/],
  ["utf16.ini", Buffer.from("[uwsgi]\nhttp = :1\n", "utf16le"), /it has NUL bytes/],
  ["latin.ini", Buffer.from("[uwsgi]\nenv = A=\xe9\n", "latin1"), /the value of "env" is no text in UTF-8$/],
  ["latin.yaml", Buffer.from("uwsgi:\n  env: A=\xe9\n", "latin1"), /the value of "env" is no text in UTF-8$/],
  ["large.ini", "[uwsgi]\n".padEnd(MAX_CONFIGURATION_BYTES + 1, "#"), /it has more than 1048576 bytes$/],
  ["many.ini", filled("[uwsgi]\n", "a\n"), /it has more than 1000 options$/],
  ["laughs.ini", `[uwsgi]\na0 = ha\n${lines(40, (n) => `a${n + 1} = ${`%(a${n})`.repeat(10)}`)}`, /come to too much/],
  ["loops.ini", `[uwsgi]\n${"for = 0 1 2 3 4 5 6 7 8 9\n".repeat(20)}${"endfor =\n".repeat(20)}`, /come to too much/],
  ["blocks.ini", filled("[uwsgi]\n", "if-env=A\n"), /come to too much/],
  ["open.ini", filled("[uwsgi]\n", `env = ${"%(".repeat(30_000)}\n`), /come to too much/],
  ["names.ini", `[uwsgi]\nenv = ${"%u".repeat(30_000)}`, /come to too much/],
  ["wide.ini", filled("[uwsgi]\na", " ", "b"), /it has a line of more than 65536 characters$/],
  ["wide.json", JSON.stringify({ uwsgi: { env: "A".repeat(70_000) } }), /it has a line of more than 65536/],
])("%s is refused", (name, content, message) => {
  expect(() => read(name, content)).toThrow(message);
});

test.each<[name: string, content: string, options: string[]]>([
  [
    "comment.yaml",
    `uwsgi:  # all\n  http: "a # b"  # c\n  env: 'it''s'\n  procname: a#b # "c"\n`,
    ["http=a # b", "env=it's", "procname=a#b"],
  ],
  [
    "listed.yaml",
    "uwsgi:\n    env:\n    - A=1 # one\n    -  B=2\n    master: true\n",
    ["env=A=1", "env=B=2", "master=true"],
  ],
  ["star.yaml", `uwsgi:\n  http: *:8080\n  env: [ "A=\\u00e9", B ] # c\n`, ["http=*:8080", "env=A=é", "env=B"]],
  ["mark.json", `\uFEFF{"uwsgi": {"http": ":1"}}`, ["http=:1"]],
  ["mark.ini", "\uFEFF[uwsgi]\nhttp = :1\n", ["http=:1"]],
  ["code.xml", "<a><uwsgi><env>A=&#x41;&#66;</env><app><script>x</script></app></uwsgi></a>", ["env=A=AB", "app"]],
])("%s is read", (name, content, options) => {
  expect(read(name, content)).toEqual(options);
});

test("a section of XML is found by its id", () => {
  writeFileSync(
    join(root, "two.xml"),
    `<all><uwsgi id="a"><http>:1</http></uwsgi><uwsgi id='b'><http>:2</http></uwsgi></all>`,
  );
  expect(readUwsgiFile("two.xml:b", root, {})).toEqual([{ key: "http", value: ":2" }]);
  expect(() => readUwsgiFile("two.xml:c", root, {})).toThrow('it has no options of "c"');
});

test("as many options as there may be are translated, whatever they are called", () => {
  const names = ["constructor", "__proto__", "toString"];
  const options = Array.from({ length: 990 }, (_, n) => ({
    key: names[n] ?? (n < 400 ? `x${n}` : "env"),
    value: `A${n}=1`,
  }));
  const draft = new Draft();
  translateUwsgi(options, draft, root);
  expect(draft.get("env")).toHaveLength(590);
  expect(draft.remarks.filter(({ kind }) => kind === "missing").map(({ subject }) => subject)).toContain(
    "__proto__ = A1=1",
  );
});

describe("what is no file", () => {
  beforeAll(() => {
    mkdirSync(join(root, "folder.ini"));
    execFileSync("mkfifo", [join(root, "pipe.ini")]);
    symlinkSync("/dev/zero", join(root, "zero.ini"));
    symlinkSync("itself.ini", join(root, "itself.ini"));
  });

  test.each([
    ["folder.ini", /^Cannot read the file ".*folder\.ini": it is no file$/],
    ["pipe.ini", /it is no file$/],
    ["zero.ini", /it is no file$/],
    ["itself.ini", /ELOOP/],
    ["missing.ini", /no such file/],
  ])("%s is refused", (name, message) => {
    expect(() => readUwsgiFile(name, root, {})).toThrow(message);
  });

  test.each(["pipe.ini", "zero.ini", "folder.ini"])("%s is no value either", (name) => {
    expect(read("external.ini", `[uwsgi]\nenv = A=@(${root}/${name})\n`)).toEqual([`env=A=@(${root}/${name})`]);
  });
});

describe("gunicorn.conf.py", () => {
  function imported(text: string | Uint8Array): Draft {
    writeFileSync(join(root, "gunicorn.conf.py"), text);
    return draftOf("gunicorn.conf.py", "gunicorn", root, PATH);
  }

  test.each([
    ["import sys\nsys.exit(0)\n", /: it ends the program that reads it$/],
    ["import os\nos._exit(3)\n", /: ".*" exited with 3$/],
    ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", /: ".*" was ended by SIGKILL$/],
    ["workers = \n", /: SyntaxError: invalid syntax$/],
    ["workers = 1\0\n", /null bytes/],
    ["import os\nwhile True: os.write(2, b'x' * 65536)\n", /: it printed more than 16777216 bytes$/],
    [Buffer.from("proc_name = '\xe9'\n", "latin1"), /SyntaxError: /],
    ["raise ValueError('one\\ntwo')\n", /: two$/],
  ])("%j is refused", (text, message) => {
    expect(() => imported(text)).toThrow(message);
  });

  test("what it prints, and programs that it starts, is not taken for its values; large ones and odd ones are not", () => {
    const draft = imported(
      "import os, subprocess\nprint('noise')\nos.write(1, b'noise')\nsubprocess.run(['echo', 'noise'])\nworkers = 3\n" +
        "class Odd:\n    def __repr__(self): raise ValueError\n" +
        "user = Odd()\nnested = []\nnested.append(nested)\nproc_name = 'x' * 10 ** 7\n" +
        "table = {n: 'x' for n in range(10 ** 5)}\n",
    );
    expect(Object.fromEntries(draft.values)).toMatchObject({ workers: 3 });
    expect(draft.remarks.map(({ subject }) => subject)).toEqual(expect.arrayContaining(["user", "proc_name"]));
  });
});

test.each<[name: string, kind: ImportKind, content: string, message: RegExp]>([
  [
    "laughs.conf",
    "apache",
    `Define a0 haha\n${lines(40, (n) => `Define a${n + 1} ${`\${a${n}}`.repeat(10)}`)}`,
    /come to too much/,
  ],
  ["Procfile", "procfile", filled("", "\n"), /no process of type web$/],
  ["Procfile", "procfile", filled("web: gunicorn", " ", "x"), /it has more than 10000 characters$/],
  ["spaces.conf", "nginx", filled("server {", "{ "), /line 1 is not as nginx writes it$/],
])("%s of %s is refused", (name, from, content, message) => {
  writeFileSync(join(root, name), content);
  expect(() => importFile(name, { from }, root, PATH)).toThrow(message);
});

test("line feeds alone tell no kind of file", () => {
  writeFileSync(join(root, "feeds.conf"), "\n".repeat(MEBIBYTE));
  expect(() => importFile("feeds.conf", {}, root, PATH)).toThrow(/^Cannot tell what kind of file "feeds.conf" is/);
});
