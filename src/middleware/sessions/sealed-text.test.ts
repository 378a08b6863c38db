import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextSealer } from "./sealed-text.ts";

const OLD = "old secret old secret old secret!";
const NEW = "new secret new secret new secret!";

describe.each([
  ["signed", false],
  ["encrypted", true],
])("TextSealer, %s", (_, isEncrypted) => {
  const sealer = new TextSealer(NEW, "session", isEncrypted);

  it("opens what it sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(sealer.open(sealer.seal(text, 1_700_000_000.9))).toEqual({ text, sealedAt: 1_700_000_000 });
      }),
    );
  });

  it("opens nothing that was changed, at any place", () => {
    const sealed = sealer.seal('{"user":"ada"}', 1_700_000_000);
    for (let index = 0; index < sealed.length; index++) {
      const other = sealed[index] === "A" ? "Q" : "A";
      expect(sealer.open(sealed.slice(0, index) + other + sealed.slice(index + 1)), `changed at ${index}`).toBeNull();
    }
    for (const wrong of ["", ".", "s", "e..x", "s...", `${sealed}.x`, sealed.slice(0, -1), `x${sealed}`]) {
      expect(sealer.open(wrong), wrong).toBeNull();
    }
  });

  it("opens seals of older secrets, but not of other purposes, secrets or kinds", () => {
    const old = new TextSealer(OLD, "session", isEncrypted).seal("text", 0);
    expect(new TextSealer([NEW, OLD], "session", isEncrypted).open(old)?.text).toBe("text");
    expect(sealer.open(old)).toBeNull();
    expect(new TextSealer(OLD, "other", isEncrypted).open(old)).toBeNull();
    expect(new TextSealer(OLD, "session", !isEncrypted).open(old)).toBeNull();
  });
});

it("TextSealer hides the text only when told so", () => {
  const plain = new TextSealer(NEW, "s", false).seal("ada", 0);
  expect(Buffer.from(plain.split(".")[1] ?? "", "base64url").toString()).toBe("ada");
  const boxes = [1, 2].map(() => new TextSealer(NEW, "s", true).seal("ada", 0));
  expect(boxes[0]).not.toBe(boxes[1]);
});

it.each([["short"], [[]], [[NEW, "short"]]])("TextSealer refuses the secrets %j", (secrets) => {
  expect(() => new TextSealer(secrets, "s", false)).toThrow(/expected/);
});
