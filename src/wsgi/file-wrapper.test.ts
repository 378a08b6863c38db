import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FileWrapper } from "./file-wrapper.ts";
import type { FileLike } from "./types.ts";

/** A file of text in memory; `null` or an empty chunk at the end. */
function textFile(text: string, end: Uint8Array | null = null): FileLike {
  let rest = text;
  return {
    read(size) {
      const block = rest.slice(0, size);
      rest = rest.slice(size);
      return block === "" ? end : Buffer.from(block);
    },
  };
}

async function blocksOf(wrapper: FileWrapper): Promise<string[]> {
  const blocks: string[] = [];
  for await (const block of wrapper) blocks.push(Buffer.from(block).toString());
  return blocks;
}

it.each([
  ["null", null],
  ["an empty block", new Uint8Array(0)],
])("FileWrapper reads blocks until %s", async (_what, end) => {
  expect(await blocksOf(new FileWrapper(textFile("xyz".repeat(50), end), 120))).toEqual([
    "xyz".repeat(40),
    "xyz".repeat(10),
  ]);
});

it("FileWrapper reads 8192 bytes at a time by default", async () => {
  const blocks = await blocksOf(new FileWrapper(textFile("x".repeat(10_000))));
  expect(blocks.map((block) => block.length)).toEqual([8192, 1808]);
});

it("FileWrapper has close only if the file has", async () => {
  let closed = 0;
  const closing = Object.assign(textFile("x"), { close: () => void (closed += 1) });
  expect("close" in new FileWrapper(textFile("x"))).toBe(false);
  const wrapper = new FileWrapper(closing);
  await blocksOf(wrapper);
  expect(closed).toBe(0);
  await wrapper.close?.();
  expect(closed).toBe(1);
});

it("FileWrapper reads a file handle, from where it stands, and closes it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tsgi-file-wrapper-"));
  try {
    await writeFile(join(folder, "file"), "0123456789");
    const handle = await open(join(folder, "file"));
    await handle.read(Buffer.alloc(2), 0, 2, null);
    const wrapper = new FileWrapper(handle, 3);
    expect(await blocksOf(wrapper)).toEqual(["234", "567", "89"]);
    await wrapper.close?.();
    await expect(handle.stat()).rejects.toThrow("file closed");
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("FileWrapper refuses what it cannot read, and sizes that are none", () => {
  expect(() => new FileWrapper({} as FileLike)).toThrow("Expected a file with the method read(size)");
  for (const size of [0, -1, 1.5, Number.NaN])
    expect(() => new FileWrapper(textFile(""), size)).toThrow(/positive block size/);
});
