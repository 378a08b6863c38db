// What a connection remembers of its heads: when it remembers, when it gives up, and that it never answers with another head's fields.
import { describe, expect, test } from "vitest";
import { FieldBlockMemory, type EngineFields } from "./field-block.ts";

const FIELDS: EngineFields = {
  host: "a.example",
  connection: null,
  transferEncoding: null,
  expect: null,
  contentLength: -1,
};
const TEXT = "Host: a.example\r\nAccept: text/html\r\n\r\n";
const VARIABLES = { HTTP_HOST: "a.example", HTTP_ACCEPT: "text/html" };

/** A memory whose connection has had one head, which is never remembered. */
function afterFirstHead(): FieldBlockMemory {
  const memory = new FieldBlockMemory();
  expect(memory.match(TEXT, 0)).toBeNull();
  memory.begin();
  return memory;
}

/** Reads a head as the parser does: compares it, records its variables unless it is known, keeps it. */
function read(memory: FieldBlockMemory, text: string, variables: Record<string, string> = VARIABLES): boolean {
  const known = memory.match(`GET / HTTP/1.1\r\n${text}`, 16) !== null;
  if (!known) {
    for (const variable of Object.keys(variables)) memory.record(variable);
    memory.keep(text, variables, FIELDS);
  }
  memory.begin();
  return known;
}

describe("what is remembered", () => {
  test("the fields of a head that comes again, from its second time on", () => {
    const memory = new FieldBlockMemory();
    expect([read(memory, TEXT), read(memory, TEXT), read(memory, TEXT)]).toEqual([false, false, true]);
  });

  test("the text, the variables in order with their values, and what the engine has read", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    expect(memory.match(`${TEXT}body`, 0)).toEqual({
      text: TEXT,
      variables: ["HTTP_HOST", "HTTP_ACCEPT"],
      values: ["a.example", "text/html"],
      ...FIELDS,
    });
  });

  test("each of the engine's own fields", () => {
    const memory = afterFirstHead();
    const text = "Host: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    const fields: EngineFields = {
      host: "h",
      connection: "close",
      transferEncoding: "chunked",
      expect: "100-continue",
      contentLength: 0,
    };
    memory.match(text, 0);
    memory.keep(text, {}, fields);
    memory.begin();
    expect(memory.match(text, 0)).toMatchObject({ ...fields, variables: [], values: [] });
  });

  test("a value that does not stand in the text, because it was put together of several fields", () => {
    const memory = afterFirstHead();
    const text = "Host: h\r\nAccept: a\r\nAccept: b\r\n\r\n";
    read(memory, text, { HTTP_ACCEPT: "a,b" });
    expect(memory.match(text, 0)?.values).toEqual(["a,b"]);
  });

  test("not the request line: the same fields of another target are the same", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    const line = "POST /other HTTP/1.1\r\n";
    expect(memory.match(line + TEXT, line.length)).not.toBeNull();
  });
});

describe("what is not the same head", () => {
  test.each([
    ["one byte more at its end", TEXT.replace("\r\n\r\n", "\r\nX: y\r\n\r\n")],
    ["another value of the same length", TEXT.replace("a.example", "b.example")],
    ["another case", TEXT.toUpperCase()],
    ["the beginning of it", TEXT.slice(0, -2)],
    ["nothing", ""],
  ])("%s", (_what, text) => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    expect(memory.match(text, 0)).toBeNull();
  });

  test("the same text at another place", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    expect(memory.match(` ${TEXT}`, 0)).toBeNull();
    expect(memory.match(` ${TEXT}`, 1)).not.toBeNull();
  });
});

describe("what is not remembered", () => {
  test("the first head of a connection: many carry no other", () => {
    const memory = new FieldBlockMemory();
    memory.match(TEXT, 0);
    expect(memory.isRecording).toBe(false);
    memory.begin();
    memory.match(TEXT, 0);
    expect(memory.isRecording).toBe(true);
  });

  test.each([
    [2048, true],
    [2049, false],
  ])("a head of %i bytes: %s", (length, isKept) => {
    const memory = afterFirstHead();
    const text = `X: ${"x".repeat(length - 7)}\r\n\r\n`;
    expect(text).toHaveLength(length);
    read(memory, text, {});
    expect(memory.match(text, 0) !== null).toBe(isKept);
  });

  test("a head one of whose fields sets more than variables", () => {
    const memory = afterFirstHead();
    memory.match(TEXT, 0);
    memory.record("HTTP_HOST");
    memory.stopRecording();
    expect(memory.isRecording).toBe(false);
    memory.record("HTTP_ACCEPT");
    memory.keep(TEXT, VARIABLES, FIELDS);
    memory.begin();
    expect(memory.match(TEXT, 0)).toBeNull();
  });

  test("what was recorded of a head that was never complete", () => {
    const memory = afterFirstHead();
    memory.match(TEXT, 0);
    memory.record("HTTP_LOST");
    memory.begin();
    expect(memory.isRecording).toBe(false);
    read(memory, TEXT);
    expect(memory.match(TEXT, 0)?.variables).toEqual(["HTTP_HOST", "HTTP_ACCEPT"]);
  });
});

describe("where heads differ, as behind a proxy", () => {
  const other = (number: number): string => `Host: ${number}.example\r\n\r\n`;

  test("three in a row are borne, and each is the one that is remembered next", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    for (let number = 1; number <= 3; number += 1) expect(read(memory, other(number), {})).toBe(false);
    expect(read(memory, other(3), {})).toBe(true);
  });

  test("the fourth ends it: nothing is remembered on this connection any more", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    for (let number = 1; number <= 4; number += 1) read(memory, other(number), {});
    expect(memory.isRecording).toBe(false);
    for (let again = 0; again < 3; again += 1) expect(read(memory, other(4), {})).toBe(false);
    expect([read(memory, other(3), {}), read(memory, TEXT)]).toEqual([false, false]);
  });

  test("one that comes again begins the count anew", () => {
    const memory = afterFirstHead();
    read(memory, TEXT);
    for (let round = 0; round < 3; round += 1) {
      for (let number = 1; number <= 3; number += 1) read(memory, other(number), {});
      expect(read(memory, other(3), {})).toBe(true);
    }
  });
});
