import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePairs, encodePairs } from "./fastcgi/pairs.ts";
import { beforeFirstName, knownName } from "./known-name.ts";
import { encodeScgiHead, ScgiHeadDecoder } from "./scgi/scgi-head.ts";
import { encodeUwsgiHead, UwsgiHeadDecoder } from "./uwsgi/uwsgi-head.ts";
import type { Variable } from "./variables.ts";

// Few letters, so that names come again behind other ones, begin alike, end alike, and are parts of each other.
const name = fc.string({ unit: fc.constantFrom("A", "B", "\xff"), minLength: 1, maxLength: 4 });
const pairs = fc.array(fc.tuple(name, fc.constantFrom("", "x", "AB")), { maxLength: 12 });

test("whatever names have come before, those of a request are its own, in each protocol", () => {
  const property = fc.property(fc.array(pairs, { minLength: 2, maxLength: 8 }), (requests) => {
    for (const variables of requests) {
      expect(decodePairs(encodePairs(variables))).toEqual(variables);
      expect(new UwsgiHeadDecoder().push(encodeUwsgiHead(variables))?.variables).toEqual(variables);
      const scgi: Variable[] = [["CONTENT_LENGTH", "0"], ["SCGI", "1"], ...variables];
      expect(new ScgiHeadDecoder().push(encodeScgiHead(variables))?.variables).toEqual(scgi);
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test("a name is compared to its last byte, wherever it stands", () => {
  const read = (text: string, start: number, end: number): string =>
    knownName(Buffer.from(text, "latin1"), start, end, beforeFirstName()).name;
  expect([read("SERVER_NAME", 0, 11), read("xSERVER_NAMEx", 1, 12)]).toEqual(["SERVER_NAME", "SERVER_NAME"]);
  expect([read("SERVER_NAMF", 0, 11), read("TERVER_NAME", 0, 11)]).toEqual(["SERVER_NAMF", "TERVER_NAME"]);
  expect([read("SERVER_NAMES", 0, 12), read("SERVER_NAM", 0, 10), read("SERVER_NAME", 0, 0)]).toEqual([
    "SERVER_NAMES",
    "SERVER_NAM",
    "",
  ]);
});

test("one that is known is found again without another object; long ones are not kept", () => {
  const read = (text: string) => knownName(Buffer.from(text), 0, text.length, beforeFirstName());
  expect(read("HTTP_X_KEPT")).toBe(read("HTTP_X_KEPT"));
  const long = `HTTP_${"X".repeat(60)}`;
  expect(read(long)).not.toBe(read(long));
  expect(read(long)).toEqual(read(long));
  expect(read(long.slice(1))).toBe(read(long.slice(1)));
});
