import { expect, test } from "vitest";
import { parseListing } from "./listing.ts";

test("parseListing keeps the texts of values as they are", () => {
  const values = ["12345678901234567890", "1.0", "1e400", String.raw`"\u0041 \"}],"`, "null", "true"];
  const children = values.map((value, index) => `{"index":${index},"type":"number","value":${value}}`);
  const listing = parseListing(`{"type":"array","count":9,"children":[${children.join(",")}],"next":6}`);
  expect(listing.rows.map(({ value }) => value)).toEqual(values);
  expect(listing).toMatchObject({ type: "array", count: 9, next: "6", value: null });
});

test("parseListing keeps the escapes of keys, and no key is special", () => {
  const text = String.raw`{"type":"object","count":3,"children":[{"key":"__proto__","type":"object","count":0},{"key":"a\"b","type":"array","count":2},{"key":"","type":"string"}],"next":"a\"b"}`;
  const { rows, next } = parseListing(text);
  expect(rows).toEqual([
    { key: "__proto__", type: "object", count: 0, value: null },
    { key: String.raw`a\"b`, type: "array", count: 2, value: null },
    { key: "", type: "string", count: null, value: null },
  ]);
  expect(next).toBe('a"b');
});

test("parseListing takes a scalar", () => {
  expect(parseListing('{"type":"string","value":"x"}')).toMatchObject({ count: null, rows: [], value: '"x"' });
});
