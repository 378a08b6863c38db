import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isKnownHash, verifyPassword } from "./password-hash.ts";

const LONG = "a very much longer text to encrypt.  This one even stretches over more than one line.";

// Written by openssl passwd and by the crypt module of Python over libxcrypt.
const VECTORS: [password: string, hash: string][] = [
  ["correct horse", "$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/"],
  ["", "$apr1$abc$BfqKdn9xFDWJPa3kcp/PH0"],
  [
    "a password that is much longer than sixteen bytes, even than 64 of them, to be sure",
    "$apr1$longsalt$HImzCxOFAdWaI0e1jmShX.",
  ],
  ["correct horse", "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/"],
  [LONG, "$5$rounds=1400$anotherlongsalts$epZZlHtH1tHOZ8DnGj41SJcfP6bNgf3t.hurPudKyU6"],
  ["pässwörd", "$5$salt$Xl27tyXYOIil/.905UefyvfS7pVfDGNhIYZU23sjiqA"],
  [
    "correct horse",
    "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
  ],
  [
    LONG,
    "$6$rounds=1400$anotherlongsalts$WV8KW2lepsuKk13lXtVGnnEyZ.bCxFvSok6ZnkjRIa5iL0cAfvQyaZ2uA5CUvArDxyp3l9B/Z4D.HNqsIPpXk1",
  ],
  ["", "$6$salt$r6qPcj2UeIkfklWHvleGJk8OKTInFYR/fxyuwcC656IWiZBpIFZ9.hMRG2ZQnnyMFrKOe461f9iT9Ljn0wJ5l."],
  ["pässwörd", "$6$salt$eOlgcuQrKG/uUNfGuhrDpZW1IZxBa2Pv6lxKVNGUSwNJLk4VqBrq8hiThVStkFH5WAHILk9Zofxyuv2j/5vSf1"],
  ["correct horse", "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"],
  ["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["password", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="],
];

describe("verifyPassword", () => {
  it.each(VECTORS)("accepts %j for %s, and no other password", (password, hash) => {
    expect(isKnownHash(hash)).toBe(true);
    expect(verifyPassword(password, hash)).toBe(true);
    expect(verifyPassword(`${password}x`, hash)).toBe(false);
    expect(verifyPassword(password === "" ? " " : "", hash)).toBe(false);
  });

  it.each([
    ["plain text", "password"],
    ["DES", "rqXexS6ZhobKA"],
    ["MD5 of Unix", "$1$salt$qJH7.N4xYta3aEG/dfqo/0"],
    ["salted SHA-1", "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3"],
    ["Argon2", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b27dQ"],
    ["bcrypt of a cost that takes minutes", "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"],
    ["nothing", ""],
  ])("knows no %s", (_, hash) => {
    expect(isKnownHash(hash)).toBe(false);
    expect(verifyPassword(hash, hash)).toBe(false);
  });
});

it("verifyPassword does not hash passwords of absurd length, because some formats take long for them", () => {
  const hashOf = (password: string) => `{SHA}${createHash("sha1").update(password).digest("base64")}`;
  expect(verifyPassword("x".repeat(1024), hashOf("x".repeat(1024)))).toBe(true);
  expect(verifyPassword("x".repeat(1025), hashOf("x".repeat(1025)))).toBe(false);
});
