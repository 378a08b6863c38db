import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hashSync } from "bcryptjs";
import { PasswordQueueFull } from "../errors.ts";
import { HtpasswdFile, parseHtpasswd, toUserSource } from "./user-source.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-users-"));
afterAll(() => rmSync(directory, { recursive: true }));

const ADA = "ada:$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/"; // correct horse
const BOB = "bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="; // password

describe("toUserSource", () => {
  it.each([
    ["ada", "secret", true],
    ["ada", "Secret", false],
    ["ada", "", false],
    ["bob", "secret", false],
    ["constructor", "secret", false],
    ["__proto__", "secret?", false],
  ])("of a record checks %s with %j: %s", (user, password, isRight) => {
    expect(toUserSource({ ada: "secret" }).verify(user, password)).toBe(isRight);
  });

  it("takes functions and sources as they are", async () => {
    const verify = (user: string) => user === "ada";
    expect(toUserSource(verify).verify("ada", "")).toBe(true);
    expect(await toUserSource({ verify }).verify("bob", "")).toBe(false);
  });
});

describe("HtpasswdFile", () => {
  it("checks users, and sees when the file changes", async () => {
    let now = 0;
    const path = join(directory, "users");
    writeFileSync(path, `# users\n\n${ADA}\r\n`);
    const file = new HtpasswdFile(path, () => now);
    expect(await file.verify("ada", "correct horse")).toBe(true);
    expect(await file.verify("ada", "correct horse")).toBe(true);
    expect(await file.verify("ada", "wrong")).toBe(false);
    expect(await file.verify("bob", "password")).toBe(false);

    writeFileSync(path, BOB);
    utimesSync(path, 1, 1);
    now += 1001;
    expect(await file.verify("bob", "password")).toBe(true);
    // What was right a moment ago is not remembered for a user that is gone.
    expect(await file.verify("ada", "correct horse")).toBe(false);
  });

  it("lets what the file said before count while it cannot be read, and says so once", async () => {
    let now = 0;
    const warnings: string[] = [];
    const hear = (warning: Error): unknown => warnings.push(warning.message);
    process.on("warning", hear);
    const path = join(directory, "edited");
    writeFileSync(path, `${ADA}\n${BOB}`);
    const file = new HtpasswdFile(path, () => now);
    expect(await file.verify("bob", "password")).toBe(true);
    const steps = [() => writeFileSync(path, `${ADA}\nbo`), () => {}, () => rmSync(path)];
    for (const [index, step] of steps.entries()) {
      step();
      if (index < 2) utimesSync(path, 1, 1);
      now += 1001;
      expect(await file.verify("bob", "password")).toBe(true);
      expect(await file.verify("bob", "wrong")).toBe(false);
    }
    writeFileSync(path, ADA);
    utimesSync(path, 2, 2);
    now += 1001;
    expect(await file.verify("bob", "password")).toBe(false);
    process.off("warning", hear);
    expect(warnings).toEqual([
      expect.stringContaining('Cannot read line 2 of "'),
      expect.stringContaining("Cannot read the users of"),
    ]);
  });

  it("checks no password whose clients have all left before its turn", async () => {
    const path = join(directory, "left");
    writeFileSync(path, `ada:${hashSync("right", 10)}`);
    const file = new HtpasswdFile(path, () => 0);
    // The file is read by now, so that all that follows comes to the queue in its order.
    expect(await file.verify("ada", "wrong")).toBe(false);
    const client = new AbortController();
    const leaving = { "tsgi.signal": client.signal };
    const running = ["a", "b"].map((password) => file.verify("ada", password));
    const alone = file.verify("ada", "c", leaving);
    const together = [leaving, {}].map((environ) => file.verify("ada", "right", environ));
    client.abort();
    await expect(alone).rejects.toThrow(PasswordQueueFull);
    expect(await Promise.all([...running, ...together])).toEqual([false, false, true, true]);
    // Whoever comes with an idle thread is answered, though it may have left: one that ended its side only still reads.
    expect(await file.verify("ada", "d", leaving)).toBe(false);
  });

  it("says which file it cannot read", async () => {
    const path = join(directory, "missing");
    await expect(new HtpasswdFile(path).verify("ada", "x")).rejects.toThrow(`Cannot read the users of "${path}"`);
  });
});

it.each([
  ["ada", 'Cannot read line 1 of "users"; expected "user:hash"'],
  [":hash", 'expected "user:hash"'],
  [`${ADA}\nbob:password`, 'line 2 of "users"; the password of "bob" is in no format that can be checked'],
])("parseHtpasswd refuses %j", (text, message) => {
  expect(() => parseHtpasswd(text, "users")).toThrow(message);
});
