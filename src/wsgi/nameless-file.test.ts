import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { openNameless } from "./nameless-file.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-nameless-"));
afterEach(() => vi.unstubAllGlobals());
afterAll(() => rmSync(directory, { recursive: true }));

test.each(["linux", "darwin"])(
  "a file without a name can be written and read, and nobody else finds it (%s)",
  async (platform) => {
    vi.stubGlobal("process", { ...process, platform });
    const file = await openNameless(directory);
    expect(readdirSync(directory)).toEqual([]);
    expect((await file.stat()).mode & 0o777).toBe(0o600);
    await file.write("kept");
    expect((await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString()).toBe("kept");
    await file.close();
    expect(readdirSync(directory)).toEqual([]);
  },
);

test("a directory that is not there is an error", async () => {
  await expect(openNameless(join(directory, "nowhere"))).rejects.toMatchObject({ code: "ENOENT" });
});
