// Multipart forms as an application sees them. The bodies are written here; the rules come from RFC 7578 and from faults of other parsers.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { mockEnviron } from "../testing/mock-environ.ts";
import { WSGIInputStream } from "../wsgi/input-stream.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import type { Form } from "./form.ts";
import { type FormOptions, parseForm } from "./parse-form.ts";
import type { StreamedPart } from "./streamed-part.ts";

const BOUNDARY = "----form7cFq";
const directory = mkdtempSync(join(tmpdir(), "tsgi-forms-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Part {
  readonly head: string;
  readonly content: string | Buffer;
}

function bodyOf(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ head, content }) => [
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

const field = (name: string, content: string | Buffer): Part => ({ head: `name="${name}"`, content });
const file = (name: string, filename: string, content: string | Buffer): Part => ({
  head: `name="${name}"; filename="${filename}"\r\nContent-Type: application/x-thing`,
  content,
});

function posted(body: Buffer, type = `multipart/form-data; boundary=${BOUNDARY}`): WSGIEnvironment {
  return mockEnviron({ method: "POST", headers: { "Content-Type": type }, body });
}

/** The same request, its body cut at the given lengths, one after the other. */
function cut(body: Buffer, lengths: readonly number[]): WSGIEnvironment {
  const environ = posted(body);
  let position = 0;
  let turn = 0;
  environ["wsgi.input"] = new WSGIInputStream({
    pull() {
      if (position >= body.length) return null;
      const length = Math.max(1, lengths[turn++ % lengths.length] ?? 1);
      const chunk = Buffer.from(body.subarray(position, position + length));
      position += length;
      return turn % 2 === 0 ? chunk : Promise.resolve(chunk);
    },
  });
  return environ;
}

async function seenIn(form: Form): Promise<unknown> {
  const files = form
    .files()
    .map(async (each) => [each.name, each.filename, each.type, (await each.bytes()).toString("hex")]);
  return { fields: form.entries(), files: await Promise.all(files) };
}

async function refusal(body: Buffer | string, options?: FormOptions, type?: string): Promise<[number, string]> {
  const error: unknown = await parseForm(posted(Buffer.from(body), type), options).then(
    () => new Error("Not refused"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FormError)) throw error;
  return [error.status, error.message];
}

describe("parseForm of multipart forms", () => {
  test("reads fields and files in their order", async () => {
    const body = bodyOf([
      field("a", "1"),
      file("f", "x.bin", Buffer.from([0, 255, 13, 10])),
      field("a", "zwei\r\nZeilen ä"),
    ]);
    const form = await parseForm(posted(body));
    expect(await seenIn(form)).toEqual({
      fields: [
        ["a", "1"],
        ["a", "zwei\r\nZeilen ä"],
      ],
      files: [["f", "x.bin", "application/x-thing", "00ff0d0a"]],
    });
    const found = form.file("f");
    expect([found?.size, found?.headers.get("Content-Type"), form.has("f"), form.file("a")]).toEqual([
      4,
      "application/x-thing",
      true,
      undefined,
    ]);
    await form.close();
    await expect(found?.bytes()).rejects.toMatchObject({ code: "ERR_TSGI_FORM_CLOSED" });
  });

  test.each<[what: string, filename: string, raw: string, base: string]>([
    ["a path up", "../../x.txt", "../../x.txt", "x.txt"],
    ["a path of Windows", String.raw`C:\dir\x.txt`, String.raw`C:\dir\x.txt`, "x.txt"],
    ["the directory above", "a/..", "a/..", ""],
    ["a directory", "a/b/", "a/b/", ""],
    ["a quote as browsers send it", "a%22b.txt", 'a"b.txt', 'a"b.txt'],
    ["a quote as curl sends it", String.raw`a\"b.txt`, 'a"b.txt', 'a"b.txt'],
    ["letters beyond ASCII", "grün à.txt", "grün à.txt", "grün à.txt"],
  ])("gives %s no path", async (_what, filename, raw, base) => {
    const found = (await parseForm(posted(bodyOf([file("f", filename, "x")])))).file("f");
    expect([found?.rawFilename, found?.filename]).toEqual([raw, base]);
  });

  test("leaves out a file that the user did not choose", async () => {
    const form = await parseForm(posted(bodyOf([file("f", "", ""), file("g", "", "x"), file("h", "empty", "")])));
    expect(form.files().map(({ name, size }) => [name, size])).toEqual([
      ["g", 1],
      ["h", 0],
    ]);
  });

  test.each<[what: string, body: string, fields: [string, string][]]>([
    ["no part", `--${BOUNDARY}--\r\n`, []],
    ["text before and after", `before\r\n${bodyOf([field("a", "1")]).toString()}after`, [["a", "1"]]],
    [
      "blanks behind the boundary",
      `--${BOUNDARY} \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--${BOUNDARY}--`,
      [["a", "1"]],
    ],
    [
      "no content and no line for it",
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n--${BOUNDARY}--`,
      [["a", ""]],
    ],
    [
      "names that objects have",
      bodyOf([field("__proto__", "1"), field("toString", "2")]).toString(),
      [
        ["__proto__", "1"],
        ["toString", "2"],
      ],
    ],
    [
      "a charset that is named",
      bodyOf([
        field("_charset_", "latin1"),
        { head: `name="a"\r\nContent-Type: text/plain; charset=latin1`, content: "ä" },
      ]).toString(),
      [
        ["_charset_", "latin1"],
        ["a", "ä"],
      ],
    ],
    [
      "filename* only, which RFC 7578 forbids",
      bodyOf([{ head: `name="a"; filename*=utf-8''x`, content: "1" }]).toString(),
      [["a", "1"]],
    ],
  ])("reads %s", async (_what, body, fields) => {
    expect((await parseForm(posted(Buffer.from(body)))).entries()).toEqual(fields);
  });

  test.each<[what: string, body: string | Buffer, message: string]>([
    ["an empty body", "", "Expected the form to end with its boundary, got its end before its first part"],
    ["no boundary in the body", "x".repeat(9000), "Expected the boundary within the first 8192 bytes of the form"],
    [
      "an end in the headers",
      `--${BOUNDARY}\r\nContent-Disposition: form-data`,
      "Expected the form to end with its boundary, got its end in the headers of part 1",
    ],
    [
      "an end in the content",
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nab`,
      "Expected the form to end with its boundary, got its end in the content of part 1",
    ],
    [
      "a header without a colon",
      `--${BOUNDARY}\r\nContent-Disposition form-data; name="a"\r\n\r\n1\r\n--${BOUNDARY}--`,
      'Expected "Name: value" as header 1 of part 1 of the form',
    ],
    [
      "a folded header",
      `--${BOUNDARY}\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n1\r\n--${BOUNDARY}--`,
      'Expected "Name: value" as header 2 of part 1 of the form',
    ],
    [
      "bare line feeds",
      `--${BOUNDARY}\nContent-Disposition: form-data; name="a"\n\n1\n--${BOUNDARY}--`,
      "Expected the end of the line behind the boundary after part 0",
    ],
    ["a NUL in a name", bodyOf([field("a\0b", "1")]), 'Expected "Name: value" as header 1 of part 1 of the form'],
    [
      "a part without headers",
      `--${BOUNDARY}\r\n\r\n1\r\n--${BOUNDARY}--`,
      'Expected one header "Content-Disposition" in part 1 of the form',
    ],
    [
      "a part with two names",
      bodyOf([{ head: 'name="a"; name="b"', content: "" }]),
      'Expected the parameter "name" of "Content-Disposition" of part 1 of the form once',
    ],
    [
      "a part without a name",
      bodyOf([{ head: 'filename="a"', content: "" }]),
      `Expected 'Content-Disposition: form-data; name="…"' in part 1 of the form`,
    ],
    [
      "a name without its last quote",
      bodyOf([{ head: 'name="a', content: "" }]),
      'Expected parameters such as name="value" in "Content-Disposition" of part 1 of the form',
    ],
    [
      "parts in a part",
      bodyOf([field("a", "1"), { head: 'name="b"\r\nContent-Type: multipart/mixed; boundary=x', content: "" }]),
      'Expected a field or a file as part 2 of the form, got "multipart/mixed; boundary=x"',
    ],
    [
      "a boundary that goes on",
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--${BOUNDARY}X\r\n--${BOUNDARY}--`,
      "Expected the end of the line behind the boundary after part 1",
    ],
    [
      "a value that is not UTF-8",
      bodyOf([field("a", Buffer.from([0xff]))]),
      'Expected UTF-8 in the field "a", got other bytes',
    ],
    [
      "a name that is not UTF-8",
      Buffer.from(
        bodyOf([field("a?", "1")])
          .toString("latin1")
          .replace("a?", "\u00ff"),
        "latin1",
      ),
      "Expected UTF-8 in the name of part 1, got other bytes",
    ],
  ])("refuses %s with 400", async (_what, body, message) => {
    expect(await refusal(body)).toEqual([400, message]);
  });

  test.each<[what: string, type: string, message: string]>([
    ["no boundary", "multipart/form-data", 'Expected the parameter "boundary" in Content-Type of the form'],
    ["an empty one", 'multipart/form-data; boundary=""', "Expected a boundary of 1 to 70 printable characters"],
    [
      "one of 71 characters",
      `multipart/form-data; boundary=${"x".repeat(71)}`,
      "Expected a boundary of 1 to 70 printable characters",
    ],
    [
      "two of them",
      "multipart/form-data; boundary=a; boundary=b",
      'Expected the parameter "boundary" of Content-Type once',
    ],
  ])("refuses a Content-Type with %s", async (_what, type, message) => {
    expect(await refusal("--a--", {}, type)).toEqual([400, message]);
  });

  test.each<[limit: keyof FormOptions, most: number, parts: Part[], what: string]>([
    [
      "bodyBytes",
      bodyOf([field("a", "1")]).length,
      [field("a", "1")],
      `Expected a form of at most ${bodyOf([field("a", "1")]).length - 1} bytes`,
    ],
    [
      "textBytes",
      7,
      [field("a", "12"), file("f", "x", "12345678"), field("b", "345")],
      "Expected a form of at most 6 bytes of text",
    ],
    ["fields", 2, [field("a", ""), file("f", "x", ""), field("b", "")], "Expected a form of at most 1 fields"],
    ["files", 2, [file("a", "x", ""), field("b", ""), file("c", "", "")], "Expected a form of at most 1 files"],
    ["parts", 3, [field("a", ""), field("b", ""), file("f", "x", "")], "Expected a form of at most 2 parts"],
    [
      "headerBytes",
      'Content-Disposition: form-data; name="a"\r\n'.length,
      [field("a", "")],
      "Expected at most 41 bytes of headers in part 1 of the form",
    ],
    ["headerLines", 2, [{ head: 'name="a"\r\nX: y', content: "" }], "Expected at most 1 headers in part 1 of the form"],
  ])("reads %s at and below its limit, and answers 413 above", async (limit, most, parts, what) => {
    for (const value of [most, most + 1]) {
      const form = await parseForm(posted(bodyOf(parts)), { [limit]: value });
      expect(form.entries()).toHaveLength(parts.filter(({ head }) => !head.includes("filename")).length);
    }
    expect(await refusal(bodyOf(parts), { [limit]: most - 1 })).toEqual([413, what]);
  });

  test.each([255, 256, 257, 700_000])("keeps a file of %i bytes, wherever", async (size) => {
    const content = Buffer.alloc(size, "0123456789");
    const form = await parseForm(
      cut(bodyOf([file("f", "f", content), field("a", "1"), file("g", "g", "last")]), [1000, 70_000]),
      {
        memoryBytes: 256,
      },
    );
    const found = form.file("f");
    expect([found?.size, (await found?.bytes())?.equals(content), await form.file("g")?.text()]).toEqual([
      size,
      true,
      "last",
    ]);
    const path = join(directory, `moved-${size}`);
    await found?.moveTo(path);
    expect(readFileSync(path).equals(content)).toBe(true);
    await expect(found?.moveTo(path)).rejects.toMatchObject({ code: "EEXIST" });
    writeFileSync(path, "longer than before".repeat(100_000));
    await found?.moveTo(path, { overwrite: true });
    expect(readFileSync(path).equals(content)).toBe(true);
    await form.close();
    await form.close();
    await expect(found?.moveTo(`${path}-late`)).rejects.toMatchObject({ code: "ERR_TSGI_FORM_CLOSED" });
    expect(readdirSync(directory)).not.toContain(`moved-${size}-late`);
  });

  test("hands files to onFile as they come, and skips what it leaves", async () => {
    const seen: unknown[] = [];
    let kept: StreamedPart | undefined;
    const parts = [
      file("a", "a", "x".repeat(300)),
      field("b", "1"),
      file("c", "c", "y".repeat(300)),
      file("d", "", ""),
      file("e", "e", "z"),
    ];
    const form = await parseForm(cut(bodyOf(parts), [100]), {
      async onFile(part) {
        kept ??= part;
        if (part.name === "c") {
          const { value } = await part.stream().next();
          seen.push([part.name, (value as Buffer).length < 200]); // the stream has bytes
        } else seen.push([part.name, (await part.bytes()).length]);
      },
    });
    expect(seen).toEqual([
      ["a", 300],
      ["c", true],
      ["e", 1],
    ]);
    expect(await seenIn(form)).toEqual({ fields: [["b", "1"]], files: [] });
    await expect(kept?.bytes()).rejects.toMatchObject({ code: "ERR_TSGI_FORM_CLOSED" });
  });

  test("fails with what onFile throws, and with a limit that onFile sets", async () => {
    const environ = (): WSGIEnvironment => posted(bodyOf([file("a", "a", "12345")]));
    const broken = parseForm(environ(), { onFile: () => Promise.reject(new Error("Disk gone")) });
    await expect(broken).rejects.toThrow("Disk gone");
    const limited = parseForm(environ(), { onFile: async (part) => void (await part.bytes(4)) });
    await expect(limited).rejects.toMatchObject({ status: 413 });
    const careless = parseForm(environ(), { onFile: (part) => void part.bytes().catch(() => {}) });
    expect((await careless).files()).toEqual([]);
  });

  test("gives the same parts for any split of the bytes", async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(
          fc.constantFrom("\r", "\n", "\r\n", "--", `\r\n--${BOUNDARY.slice(0, -1)}`, `--${BOUNDARY.slice(0, 4)}`, "x"),
          { maxLength: 40 },
        )
        .map((all) => Buffer.from(all.join(""))),
    );
    const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) => !value.includes(BOUNDARY));
    const name = fc.stringMatching(/^[a-zé ;=]{0,8}$/);
    const part = fc.oneof(
      fc.tuple(name, text).map(([each, value]) => field(each, value)),
      fc.tuple(name, name, content).map(([each, filename, bytes]) => file(each, filename, bytes)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 }),
        async (parts, lengths) => {
          const body = bodyOf(parts);
          const options = { memoryBytes: 200 };
          const whole = await seenIn(await parseForm(posted(body), options));
          expect(await seenIn(await parseForm(cut(body, lengths), options))).toEqual(whole);
          expect(await seenIn(await parseForm(cut(body, [1]), options))).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});
