import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFileRegion, type FileRegionBody } from "./file-region.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-region-"));
  path = join(directory, "träge.txt");
  writeFileSync(path, "0123456789");
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Said {
  readonly offset?: number | bigint;
  readonly length?: number | bigint;
  readonly of?: string;
  readonly named?: string;
}

/** The body of a `file` frame. */
function region({ offset = 0, length = 10, of = path, named = of }: Said = {}): Buffer {
  const { dev, ino } = statSync(of, { bigint: true });
  const numbers = BigUint64Array.of(BigInt(offset), BigInt(length), dev, ino);
  return Buffer.concat([Buffer.from(numbers.buffer), Buffer.from(named)]);
}

async function contentOf(file: FileRegionBody | null): Promise<string> {
  if (file === null) return "not opened";
  const chunks: Uint8Array[] = [];
  for await (const chunk of file) chunks.push(chunk);
  await file.close();
  return Buffer.concat(chunks).toString();
}

describe("openFileRegion", () => {
  test.each<[what: string, said: Said, content: string]>([
    ["a whole file", {}, "0123456789"],
    ["a part", { offset: 2, length: 3 }, "234"],
    ["nothing", { offset: 10, length: 0 }, ""],
    ["what there is of a file that has become shorter", { offset: 8, length: 100 }, "89"],
  ])("gives %s", async (_, said, content) => {
    expect(await contentOf(await openFileRegion(region(said)))).toBe(content);
  });

  test("gives a long file in blocks", async () => {
    const text = "0123456789".repeat(60_000);
    writeFileSync(path, text);
    const file = await openFileRegion(region({ length: text.length }));
    const sizes: number[] = [];
    for await (const chunk of file ?? []) sizes.push(chunk.length);
    await file?.close();
    expect(sizes).toEqual([262_144, 262_144, 75_712]);
  });

  test("ends early where the file is cut while it is sent", async () => {
    writeFileSync(path, Buffer.alloc(300_000));
    const file = await openFileRegion(region({ length: 300_000 }));
    await file?.next();
    truncateSync(path, 0);
    expect(await file?.next()).toEqual({ done: true, value: undefined });
    await file?.close();
  });

  test("does not open another file under the same path", async () => {
    const other = join(directory, "other");
    writeFileSync(other, "secret");
    expect(await openFileRegion(region({ named: other }))).toBeNull();
  });

  test("does not wait for a pipe, nor take a directory", async () => {
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect([await openFileRegion(region({ of: pipe })), await openFileRegion(region({ of: directory }))]).toEqual([
      null,
      null,
    ]);
  });

  test.each<[what: string, body: () => Buffer]>([
    ["a path that is not there", () => region({ named: "/no/such/file" })],
    ["no path", () => region({ named: "" })],
    ["an impossible offset", () => region({ offset: 2n ** 60n })],
    ["an impossible length", () => region({ length: 2n ** 60n })],
    ["nothing", () => Buffer.alloc(0)],
  ])("gives null for a frame with %s", async (_, body) => {
    expect(await openFileRegion(body())).toBeNull();
  });
});
