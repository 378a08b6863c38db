// What every storage of sessions does.
import { expect } from "vitest";
import type { SessionStorage } from "../../src/middleware/sessions/session-storage.ts";

/** Checks a storage that has none of the keys `a` to `d`. */
export async function checkTexts(storage: SessionStorage): Promise<void> {
  const later = Math.ceil(Date.now()) + 60_000;
  const textOf = async (key: string): Promise<string | null> => (await storage.read(key))?.text ?? null;
  await storage.create("a", "one", later);
  await storage.create("b", "two – ünï", later);
  expect([await textOf("a"), await textOf("b"), await textOf("c")]).toEqual(["one", "two – ünï", null]);
  expect(Math.abs(((await storage.read("a"))?.expiresAt ?? 0) - later)).toBeLessThan(5_000);

  expect([
    await storage.replace("a", "another", "three", later),
    await storage.replace("a", "one", "three", later),
    await storage.replace("c", "", "three", later),
  ]).toEqual([false, true, false]);
  expect([await textOf("a"), await textOf("c")]).toEqual(["three", null]);

  expect([await storage.touch("a", later + 600_000), await storage.touch("c", later)]).toEqual([true, false]);
  expect((await storage.read("a"))?.expiresAt).toBeGreaterThan(later + 500_000);
  expect(await textOf("a")).toBe("three");

  expect([await storage.take("a"), await storage.take("a"), await textOf("a")]).toEqual(["three", null, null]);
  expect([await storage.touch("a", later), await storage.replace("a", "three", "four", later)]).toEqual([false, false]);

  const past = Date.now() - 1;
  await storage.create("d", "old", past);
  expect([await textOf("d"), await storage.touch("d", later), await storage.take("d")]).toEqual([null, false, null]);
  await storage.create("d", "old", past);
  expect(await storage.replace("d", "old", "new", later)).toBe(false);
}
