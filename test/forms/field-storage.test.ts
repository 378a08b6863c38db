// fieldStorage against the FieldStorage of CPython's `cgi` (Python 3.12 and below), on forms that browsers could send. Where the two differ on
// purpose, docs/forms.md says so, and these forms keep away from it.
import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldStorage, FormFile } from "tsgi/forms";
import { mockEnviron } from "tsgi/testing";

const HAS_CGI = spawnSync("python3", ["-W", "ignore", "-c", "import cgi"]).status === 0;

/** Reads cases, prints what Python makes of each: null is a ValueError. */
const PROGRAM = `
import base64, cgi, io, json, sys
def seen(case):
    body = base64.b64decode(case["body"])
    environ = {"REQUEST_METHOD": case["method"], "QUERY_STRING": case["query"], "CONTENT_LENGTH": str(len(body))}
    if case["type"]: environ["CONTENT_TYPE"] = case["type"]
    try:
        form = cgi.FieldStorage(io.BytesIO(body), environ=environ, keep_blank_values=case["blank"], strict_parsing=case["strict"])
    except ValueError:
        return None
    if form.list is None: return {"type": form.type}
    def value(item):
        bytes_ = item.value if isinstance(item.value, bytes) else item.value.encode()
        return [item.name, base64.b64encode(bytes_).decode(), item.filename, item.type, item.disposition, item.type_options]
    return {"items": [value(item) for item in form.list], "keys": sorted(form.keys()), "length": len(form), "first": [form.getfirst("a", "none") if "a" in form and form.getlist("a") and not isinstance(form.getfirst("a"), bytes) else "none"], "count": len(form.getlist("a"))}
print(json.dumps([seen(case) for case in json.load(sys.stdin)]))
`;

interface Case {
  readonly method: string;
  readonly query: string;
  readonly type: string;
  readonly body: string;
  readonly blank: boolean;
  readonly strict: boolean;
}

async function ours({ method, query, type, body, blank, strict }: Case): Promise<unknown> {
  const bytes = Buffer.from(body, "base64");
  const environ = mockEnviron({ method, url: `/?${query}`, body: bytes });
  environ.QUERY_STRING = query;
  environ.CONTENT_LENGTH = String(bytes.length);
  if (type === "") delete environ.CONTENT_TYPE;
  else environ.CONTENT_TYPE = type;
  let form;
  try {
    form = await fieldStorage(environ, { keepBlankValues: blank, strictParsing: strict });
  } catch (error) {
    if ((error as { status?: unknown }).status === 400) return null;
    throw error;
  }
  if (form.list === null) return { type: form.type };
  const items = form.list.map(async (item) => {
    const content = item.value instanceof FormFile ? await item.value.bytes() : Buffer.from(item.value);
    const options = Object.fromEntries(item.typeOptions);
    return [
      item.name,
      content.toString("base64"),
      item.file?.rawFilename ?? null,
      item.type,
      item.disposition,
      options,
    ];
  });
  const first = form.getFirst("a", "none");
  return {
    items: await Promise.all(items),
    keys: form.keys().toSorted(),
    length: form.length,
    first: [typeof first === "string" ? first : "none"],
    count: form.getList("a").length,
  };
}

const piece = fc.constantFrom("a", "b", "1", "=", "&", "+", "%20", "%C3%A4", "%zz", ";", "ab", "&&", "");
const urlencoded = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const word = fc.constantFrom("a", "b", "name", "ä", "two words");
const content = fc.constantFrom("", "1", "ü\r\nzwei", "\r\n", "--", "\n", "x\r", "text ".repeat(300));
const part = fc.oneof(
  fc.tuple(word, content).map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
  fc
    .tuple(word, fc.constantFrom("", "x.txt", "ä b.bin", "a;b.txt"), content)
    .map(
      ([name, filename, value]) =>
        `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: text/x-thing; charset=utf-8\r\n\r\n${value}`,
    ),
);
const multipart = fc
  .array(part, { minLength: 1, maxLength: 5 })
  .map((parts) => `${parts.map((each) => `--xyz\r\n${each}\r\n`).join("")}--xyz--\r\n`);

const flags = { blank: fc.boolean(), strict: fc.boolean() };
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const form = fc.oneof(
  fc.record({
    method: fc.constantFrom("GET", "HEAD"),
    query: urlencoded,
    type: fc.constant(""),
    body: fc.constant(""),
    ...flags,
  }),
  fc.record({
    method: fc.constantFrom("POST"),
    query: urlencoded,
    type: fc.constantFrom("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", ""),
    body: urlencoded.map(base64),
    ...flags,
  }),
  fc.record({
    method: fc.constantFrom("POST", "PATCH"),
    query: urlencoded,
    type: fc.constant("multipart/form-data; boundary=xyz"),
    body: multipart.map(base64),
    ...flags,
  }),
);

test.skipIf(!HAS_CGI)("fieldStorage gives what CPython's cgi.FieldStorage gives", async () => {
  const fixed: Case[] = [
    {
      method: "POST",
      query: "x=9",
      type: "application/x-www-form-urlencoded",
      body: base64("x=1"),
      blank: false,
      strict: false,
    },
    {
      method: "POST",
      query: "x=fromquery",
      type: "multipart/form-data; boundary=xyz",
      body: base64('--xyz\r\nContent-Disposition: form-data; name="x"\r\n\r\nv0\r\n--xyz--\r\n'),
      blank: false,
      strict: false,
    },
  ];
  // Python refuses no wrong "%", even when strict.
  const cases = [...fixed, ...fc.sample(form, 2000)].filter(
    ({ strict, query, body }) => !strict || !/%(?![0-9A-F]{2})/.test(query + Buffer.from(body, "base64").toString()),
  );
  const answer = execFileSync("python3", ["-W", "ignore", "-c", PROGRAM], {
    input: JSON.stringify(cases),
    maxBuffer: 64 * 1024 * 1024,
  });
  const theirs = JSON.parse(answer.toString()) as unknown[];
  expect((theirs[0] as { items: unknown[][] }).items.map(([, value]) => value)).toEqual([base64("1"), base64("9")]);
  for (const [index, each] of cases.entries()) {
    expect(await ours(each), JSON.stringify(each)).toEqual(theirs[index]);
  }
});
