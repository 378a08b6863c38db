import { STATUS_CODES } from "node:http";
import { expect, it } from "vitest";
import { reasonOf } from "./reason-phrase.ts";

it("reasonOf says what node:http says", () => {
  const known = Object.keys(STATUS_CODES).map(Number);
  expect(known.length).toBeGreaterThan(50);
  for (const code of known) expect(reasonOf(code), String(code)).toBe(STATUS_CODES[code]);
  expect(reasonOf(299)).toBe("Unknown");
});
