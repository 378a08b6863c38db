import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ContractViolation } from "./errors.ts";
import { bytesToNative, decodeNative, encodeNative, isNativeString, nativeToBytes } from "./native-string.ts";

it.each([
  ["/spam", "/spam"],
  ["/caf\u00c3\u00a9", "/caf\u00e9"],
  ["\u00e2\u0082\u00ac", "\u20ac"],
  ["\u00f0\u009f\u008d\u00b3", "\u{1f373}"],
])("decodeNative and encodeNative turn %j into %j and back", (native, text) => {
  expect(decodeNative(native)).toBe(text);
  expect(encodeNative(text)).toBe(native);
});

it("decodeNative marks bytes that are not UTF-8", () => {
  expect(decodeNative("caf\u00e9")).toBe("caf\ufffd");
});

it("encodeNative gives native strings, which decodeNative reads back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(isNativeString(encodeNative(text))).toBe(true);
      expect(decodeNative(encodeNative(text))).toBe(text);
    }),
  );
});

it("bytesToNative and nativeToBytes keep each byte", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const native = bytesToNative(bytes.subarray(1));
  expect(native.charCodeAt(0)).toBe(1);
  expect([...nativeToBytes(native)]).toEqual([...bytes.subarray(1)]);
});

it("nativeToBytes refuses to cut a code point", () => {
  expect(isNativeString("\u010a")).toBe(false);
  expect(() => nativeToBytes("\u010a")).toThrow(ContractViolation);
});
