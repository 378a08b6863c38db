// Patches: the examples of RFC 6902 appendix A and RFC 7396 appendix A, and what is easily got wrong. JSON_PATCH_TESTS names the file of
// another collection in the form of json-patch-tests, which is then run too.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergePatch } from "../src/storage/merge-patch.ts";
import type { Work } from "../src/storage/work.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

async function patch(document: string, body: string, type: "merge-patch" | "json-patch") {
  await store.client.put("/", { body: document });
  const response = await store.client.patch("/", { body, headers: { "Content-Type": `application/${type}+json` } });
  return { response, document: await store.client.get("/") };
}

const LONG = JSON.stringify(Array.from({ length: 60 }, (_, index) => ({ index })));

describe("JSON Patch", () => {
  test.each([
    ["A.1 adds a member", '{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux"}]', '{"foo":"bar","baz":"qux"}'],
    [
      "A.2 adds an element",
      '{"foo":["bar","baz"]}',
      '[{"op":"add","path":"/foo/1","value":"qux"}]',
      '{"foo":["bar","qux","baz"]}',
    ],
    ["A.3 removes a member", '{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'],
    [
      "A.4 removes an element",
      '{"foo":["bar","qux","baz"]}',
      '[{"op":"remove","path":"/foo/1"}]',
      '{"foo":["bar","baz"]}',
    ],
    [
      "A.5 replaces",
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"replace","path":"/baz","value":"boo"}]',
      '{"baz":"boo","foo":"bar"}',
    ],
    [
      "A.6 moves a value",
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      "A.7 moves an element",
      '{"foo":["all","grass","cows","eat"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      "A.8 tests",
      '{"baz":"qux","foo":["a",2,"c"]}',
      '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    [
      "A.10 adds a nested object",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
      '{"foo":"bar","child":{"grandchild":{}}}',
    ],
    [
      "A.11 ignores other members",
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
      '{"foo":"bar","baz":"qux"}',
    ],
    ["A.14 reads ~01 as ~1", '{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":10}]', '{"/":9,"~1":10}'],
    [
      "A.16 adds an array as one element",
      '{"foo":["bar"]}',
      '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
      '{"foo":["bar",["abc","def"]]}',
    ],
    ["compares numbers by value", '{"n":1.0}', '[{"op":"test","path":"/n","value":10e-1}]', '{"n":1.0}'],
    [
      "compares members in any order",
      '{"o":{"a":1,"b":[2]}}',
      '[{"op":"test","path":"/o","value":{"b":[2],"a":1}}]',
      '{"o":{"a":1,"b":[2]}}',
    ],
    [
      "compares characters, not escapes",
      '{"s":"\\u0041"}',
      '[{"op":"test","path":"/s","value":"A"}]',
      '{"s":"\\u0041"}',
    ],
    ["replaces the document", '{"a":1}', '[{"op":"add","path":"","value":[1]}]', "[1]"],
    [
      "copies a large value",
      `{"a":${LONG}}`,
      '[{"op":"copy","from":"/a","path":"/b"},{"op":"remove","path":"/b/0"}]',
      `{"a":${LONG},"b":${LONG.replace('{"index":0},', "")}}`,
    ],
    [
      "moves a large value into a small one",
      `{"a":${LONG},"b":{"c":[]}}`,
      '[{"op":"move","from":"/a","path":"/b/c/0"}]',
      `{"b":{"c":[${LONG}]}}`,
    ],
    ["does nothing when nothing moves", '{"a":1,"b":2}', '[{"op":"move","from":"/a","path":"/a"}]', '{"a":1,"b":2}'],
    ["does nothing for no operations", "[1]", "[]", "[1]"],
  ])("%s", async (_, before, body, after) => {
    const { response, document } = await patch(before, body, "json-patch");
    expect(response.status).toBe(204);
    expect(document.text()).toBe(after);
    expect(response.headers.get("ETag")).toBe(document.headers.get("ETag"));
  });

  test.each([
    [
      "A.9 a test that fails",
      '[{"op":"add","path":"/x","value":1},{"op":"test","path":"/baz","value":"bar"}]',
      409,
      "test-failed",
      1,
    ],
    ["A.12 a parent that is not there", '[{"op":"add","path":"/a/b","value":1}]', 409, "patch-failed", 0],
    [
      "A.13 a member that is there twice",
      '[{"op":"add","path":"/a","value":1,"op":"remove"}]',
      400,
      "duplicate-key",
      undefined,
    ],
    ["A.15 a string is no number", '[{"op":"test","path":"/n","value":"10"}]', 409, "test-failed", 0],
    [
      "numbers that a double would call equal",
      '[{"op":"test","path":"/big","value":12345678901234567891}]',
      409,
      "test-failed",
      0,
    ],
    ["what is not there", '[{"op":"remove","path":"/x"}]', 409, "patch-failed", 0],
    ["a place behind the end", '[{"op":"add","path":"/list/3","value":1}]', 409, "patch-failed", 0],
    ["a place that is none", '[{"op":"add","path":"/list/1e0","value":1}]', 409, "patch-failed", 0],
    ["a move into itself", '[{"op":"move","from":"/list","path":"/list/0"}]', 409, "patch-failed", 0],
    ["an unknown operation", '[{"op":"spam","path":"/x"}]', 400, "bad-patch", 0],
    ["no value", '[{"op":"add","path":"/x"}]', 400, "bad-patch", 0],
    ["no pointer", '[{"op":"remove","path":"x"}]', 400, "bad-patch", 0],
    ["no array", "{}", 400, "bad-patch", undefined],
    ["half a surrogate pair in a path", '[{"op":"add","path":"/\\ud800","value":1}]', 400, "lone-surrogate", 0],
    [
      "too many operations",
      `[${'{"op":"test","path":"","value":1},'.repeat(10_000)}{}]`,
      422,
      "too-many-operations",
      undefined,
    ],
  ])("refuses %s, and changes nothing", async (_, body, status, code, operation) => {
    const before = '{"baz":"qux","n":10,"list":[1,2],"big":12345678901234567890}';
    const { response, document } = await patch(before, body, "json-patch");
    const problem = response.json<{ type: string; operation?: number }>();
    expect([response.status, problem.type, problem.operation]).toEqual([status, `/?problem=${code}`, operation]);
    expect(document.text()).toBe(before);
  });

  test("refuses what is nested too deeply after a move", async () => {
    const deep = `${"[".repeat(300)}${"]".repeat(300)}`;
    const place = `{"a":${'{"a":'.repeat(299)}0${"}".repeat(299)}}`;
    const path = "/place" + "/a".repeat(300);
    const body = `[{"op":"move","from":"/deep","path":"${path}"}]`;
    const { response } = await patch(`{"deep":${deep},"place":${place}}`, body, "json-patch");
    expect(response.json()).toMatchObject({ type: "/?problem=too-deep", operation: 0 });
  });
});

describe("merge patch", () => {
  // RFC 7396 appendix A.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    // Not of the RFC: what is looked for behind a change of the same object.
    [
      '{"o":{"old":1,"in":{"gone":"0123456789012345678901234567890123456789","stays":3}},"last":4}',
      '{"o":{"old":null,"new":{"x":1},"in":{"gone":null,"no":null,"more":{"y":null}},"none":null},"last":null}',
      '{"o":{"in":{"stays":3,"more":{}},"new":{"x":1}}}',
    ],
  ])("%s with %s is %s", async (before, body, after) => {
    const { response, document } = await patch(before, body, "merge-patch");
    expect(response.status).toBe(204);
    expect(document.text()).toBe(after);
  });

  test("looks for each node once, however deep it is", async () => {
    const levels = 100;
    const nested = (inner: string): string => `${'{"a":'.repeat(levels)}${inner}${"}".repeat(levels)}`;
    const nothing = Array.from({ length: 100 }, (_, index) => `"k${index}":null`).join(",");
    await store.client.put("/", { body: nested(`{"long":"${"x".repeat(100)}"}`) });
    const statements = await store.store.write(function* counting(write): Work<number> {
      const merging = mergePatch(write, [], nested(`{${nothing}}`), 1000);
      let count = 0;
      for (let step = merging.next(); step.done !== true; count += 1) step = merging.next(yield step.value);
      return count;
    });
    // Two for each level, and one for each of the members that are not there.
    expect(statements).toBeLessThan(4 * levels);
  });
});

interface Case {
  readonly comment?: string;
  readonly doc: unknown;
  readonly patch: unknown;
  readonly expected?: unknown;
  readonly error?: string;
  readonly disabled?: boolean;
}

const { JSON_PATCH_TESTS } = process.env;
const cases = JSON_PATCH_TESTS === undefined ? [] : (JSON.parse(readFileSync(JSON_PATCH_TESTS, "utf8")) as Case[]);

test.each(cases.filter(({ disabled, patch: body }) => disabled !== true && body !== undefined))(
  "collection: $comment",
  async (entry) => {
    const { response, document } = await patch(JSON.stringify(entry.doc), JSON.stringify(entry.patch), "json-patch");
    expect(response.status < 400, response.text()).toBe(entry.error === undefined);
    expect(entry.expected === undefined ? entry.expected : document.json()).toEqual(entry.expected);
  },
);
