// What is JSON and what is not, by the rules of RFC 8259 one after the other, as a client sees it: what is accepted comes back as it was
// sent, without white space; what is refused changes nothing. The kinds of cases are those that collections of parser tests have; where
// this store is stricter (the same key twice, half a surrogate pair in a key) it says so by a code of its own.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "./test-store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

/** By rule: texts that are accepted, and what they come back as where that differs. */
const ACCEPTED: Readonly<Record<string, readonly (string | readonly [sent: string, kept: string])[]>> = {
  arrays: [
    "[]",
    "[1]",
    '[null,1,"1",{}]',
    "[[],[[]]]",
    '[""]',
    "[false]",
    ["[1 ]", "[1]"],
    [" [1]", "[1]"],
    ["[ [ ] , 2 ]", "[[],2]"],
    "[1,null,null,null,2]",
  ],
  objects: [
    "{}",
    '{"":0}',
    '{"a":[]}',
    '{"a":"b","c":"d"}',
    ['{ "a" : 1 }', '{"a":1}'],
    ['{"a":\n"b"\n}', '{"a":"b"}'],
    '{"asd":"sdf","dfg":"fgh"}',
  ],
  keys: [
    ['{"\\u0061":1}', '{"a":1}'],
    ['{"foo\\u0000bar":42}', '{"foo\\u0000bar":42}'],
    ['{"\\/":1}', '{"/":1}'],
    '{"\\"":1}',
    '{"__proto__":{"x":1}}',
    '{"constructor":1}',
    '{"1":1,"0":0}',
  ],
  numbers: [
    "0",
    "-0",
    "-1",
    "1",
    "123",
    "20e1",
    "0e+1",
    "0e1",
    "1E22",
    "1E-2",
    "1E+2",
    "123e45",
    "123.456e78",
    "1e-2",
    "1e+2",
    "-123",
    "123.456789",
    "0.1",
    "-0.0",
    "1.0",
    "4.9e-324",
    "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001",
  ],
  "numbers beyond a double": [
    "1e400",
    "-1e9999",
    "123123e100000",
    "0.4e00669999999999999999999999999999999999999999999999999999999999999999969999999006",
    "-123123123123123123123123123123",
    "100000000000000000000",
    "1.5e+9999",
    "12345678901234567890.12345678901234567890",
  ],
  words: ["true", "false", "null", "[true,false,null]"],
  strings: [
    '""',
    '" "',
    '"asd"',
    '"a/*b*/c"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\\u0012"',
    '"\\u0000"',
    '"\\u00e9\\uABCD\\uabcd"',
    '"\u007f"',
    '"\u2028\u2029"',
    '"π €𝄞💩"',
    '"\ufeff"',
    '"\uffff"',
    '"\u{10ffff}"',
    '"\\\\n"',
    '"\\\\u0000"',
    '"@1"',
    '"[1,2"',
  ],
  "halves of surrogate pairs in strings": [
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud800abc"',
    '"\\ud800\\n"',
    '"\\uD834\\uDd1e"',
    '["\\udada"]',
  ],
  "white space": [
    [" 1", "1"],
    ["1 ", "1"],
    ["\t[\n]\r", "[]"],
    ["\n\n{}\n", "{}"],
    ["[\r\n1\r\n,\r\n2]", "[1,2]"],
  ],
};

/** By rule: texts that are refused. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  nothing: ["", " ", "\n"],
  "more than one value": ["1 2", "[][]", "{}{}", '"a""b"', "[1]x", "{}}", "[]]", "1]", "2@", "{}#", "{}/**/", "{},"],
  commas: [
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    '["",]',
    "[1 2]",
    "[1 true]",
    "[,",
    '{"a":1,}',
    '{"a":1,,"b":2}',
    '{,"a":1}',
    "[1,",
    '{"a":1,',
    "[1;2]",
  ],
  "what is not closed": [
    "[",
    "[1",
    "[1,[2]",
    "{",
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":[1}',
    "[}",
    "{]",
    '"',
    '"a',
    '["a]',
    '["\\',
    "[[[[",
    '[{"":[{"":[',
  ],
  colons: ['{"a" 1}', '{"a"::1}', '{"a",1}', "{:1}", '{"a":}', '["a":1]', '{"a"=1}', ":", '{"a" "b"}'],
  keys: [
    "{1:1}",
    "{a:1}",
    "{'a':1}",
    "{null:1}",
    "{[]:1}",
    "{{}:1}",
    '{"a":1 "b":2}',
    "{\"a\":'b'}",
    "{9999E9999:1}",
    '{"\\x":1}',
    '{"a\nb":1}',
  ],
  numbers: [
    "-",
    "+1",
    "++1",
    "01",
    "-01",
    "00",
    "-012",
    "1.",
    "-1.",
    ".1",
    "-.1",
    "1e",
    "1e+",
    "1eE2",
    "1.e1",
    "0e",
    "0e+",
    "0.e1",
    "1.2.3",
    "0x1",
    "0x",
    "1_000",
    "1 000",
    "-foo",
    "-1x",
    "1a",
    "2.e+3",
    "--1",
    "-+1",
    "1e1.5",
    "1.0e",
    "1.0e-",
    "0.3e",
    "9.e+",
    "- 1",
    "0b1",
    "١",
    "1️",
    "1.8011670033376514H-308",
  ],
  "words that are none": [
    "NaN",
    "Infinity",
    "-Infinity",
    "-NaN",
    "nan",
    "True",
    "TRUE",
    "tru",
    "nul",
    "nulll",
    "fals",
    "truefalse",
    "undefined",
    "[nothing]",
    "yes",
    "aé",
  ],
  quotes: ["'a'", "`a`", "“a”", "a", '"a"b"', "[a", '["a"b]', "\\n", "[\\n]"],
  escapes: [
    '"\\a"',
    '"\\x00"',
    '"\\\'"',
    '"\\u"',
    '"\\u1"',
    '"\\u12"',
    '"\\u123"',
    '"\\u123g"',
    '"\\uD834\\u"',
    '"\\u{41}"',
    '"\\U0041"',
    '"\\0"',
    '"\\ "',
    '"\\\n"',
    '"\\é"',
    '"\\\\\\"',
    '"\\u 041"',
  ],
  "control characters in strings": Array.from({ length: 32 }, (_, code) => `"${String.fromCharCode(code)}"`),
  comments: ["/**/1", "1//x", "[1/*x*/]", "# 1\n1", '{"a":/*x*/1}', "<!-- -->1"],
  "white space that is none": ["\u00a01", "\f1", "\v1", "\u20281", "[\u2060]", "\u30001", "[1\f]", "\u00851"],
  "a mark in another place": ["\ufeff\ufeff1", "1\ufeff", "[\ufeff1]"],
};

/** By bytes: what is no UTF-8. */
const BYTES: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a continuation alone", [0x22, 0x80, 0x22]],
  ["a sequence that is cut off", [0x22, 0xe2, 0x82, 0x22]],
  ["a sequence that is too long for its character", [0x22, 0xc0, 0xaf, 0x22]],
  ["the same with three bytes", [0x22, 0xe0, 0x80, 0xaf, 0x22]],
  ["half a surrogate pair", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["what is beyond Unicode", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ["a byte that never occurs", [0x22, 0xff, 0x22]],
  ["Latin-1", [0x22, 0xe9, 0x22]],
  ["a byte outside of a string", [0x5b, 0xe5, 0x5d]],
  ["UTF-16 with its mark", [0xff, 0xfe, 0x31, 0x00]],
  ["a mark that is cut off", [0xef, 0xbb]],
];

test.each(Object.entries(ACCEPTED))("accepted: %s", async (_, texts) => {
  for (const text of texts) {
    const [sent, kept] = typeof text === "string" ? [text, text] : text;
    const { status } = await store.client.put("/", { body: sent });
    expect([sent, status === 201 || status === 204]).toEqual([sent, true]);
    expect((await store.client.get("/")).text()).toBe(kept);
  }
});

describe("refused:", () => {
  beforeAll(() => store.client.put("/", { body: '"as before"' }));

  test.each(Object.entries(REFUSED))("%s", async (_, texts) => {
    for (const text of texts) {
      const answer = await store.client.put("/", { body: text });
      expect([text, answer.status, answer.json<{ type: string }>().type]).toEqual([text, 400, "/?problem=syntax"]);
    }
    expect((await store.client.get("/")).text()).toBe('"as before"');
  });

  test.each(BYTES)("%s is no UTF-8", async (_, bytes) => {
    const answer = await store.client.put("/", { body: Uint8Array.from(bytes) });
    expect([answer.status, answer.json<{ type: string }>().type]).toEqual([400, "/?problem=bad-encoding"]);
  });

  test.each([
    ['{"a":1,"a":1}', 400, "duplicate-key"],
    ['{"a":1,"\\u0061":2}', 400, "duplicate-key"],
    ['{"\\ud800":1}', 400, "lone-surrogate"],
    ["[".repeat(100_000), 422, "too-deep"],
    ['{"a":'.repeat(600), 422, "too-deep"],
    [`{"${"k".repeat(5000)}":1}`, 422, "key-too-long"],
  ])("%.20s… is %d %s", async (text, status, code) => {
    const answer = await store.client.put("/", { body: text });
    expect([answer.status, answer.json<{ type: string }>().type]).toEqual([status, `/?problem=${code}`]);
    expect((await store.client.get("/")).text()).toBe('"as before"');
  });
});

test("one mark at the start is not a part of the text", async () => {
  await store.client.put("/", { body: "\ufeff[1]" });
  expect((await store.client.get("/")).text()).toBe("[1]");
});
