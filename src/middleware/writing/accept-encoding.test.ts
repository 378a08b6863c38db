// Choosing a content coding.
import { expect, test } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { negotiateCoding } from "./accept-encoding.ts";

test.each<[header: string | null, coding: string | null]>([
  [null, null],
  ["", null],
  ["identity", null],
  ["gzip", "gzip"],
  ["GZIP", "gzip"],
  ["gzip, br", "br"],
  ["gzip;q=1, br;q=0.5", "gzip"],
  ["gzip;q=0.5, identity", null],
  ["deflate", null],
  ["*", "br"],
  ["br;q=0, *", "gzip"],
  ["br;q=0.000, *;q=0.1", "gzip"],
  ["br;q=0, gzip;q=0", null],
  ["br;q=0.01, *;q=0", "br"],
  ["gzip;q=nonsense", null],
])("negotiateCoding answers %j with %j", (header, coding) => {
  const environ = mockEnviron(header === null ? {} : { headers: { "Accept-Encoding": header } });
  expect(negotiateCoding(environ, ["br", "gzip"])).toBe(coding);
});

test("negotiateCoding takes nothing from an empty offer", () => {
  expect(negotiateCoding(mockEnviron({ headers: { "Accept-Encoding": "*" } }), [])).toBeNull();
});
