import { fstatSync, readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { keptBody, type OutgoingBody, withKept } from "./outgoing-body.ts";

const LONG = Buffer.alloc(200_000, "abcdefg");

function keep(): Promise<OutgoingBody> {
  return Promise.resolve(keptBody(mockEnviron({ method: "PUT", body: LONG })));
}

async function whole(body: OutgoingBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await body.read(); chunk.length > 0; chunk = await body.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Files of that length that this process holds open and that have no name any more. */
function namelessFiles(length: number): number {
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      const isNameless = readlinkSync(`/proc/self/fd/${descriptor}`).endsWith(" (deleted)");
      return isNameless && fstatSync(Number(descriptor)).size === length;
    } catch {
      return false;
    }
  }).length;
}

test("keptBody begins anew, also while it is read", async () => {
  const body = await keep();
  expect((await whole(body)).equals(LONG)).toBe(true);
  body.rewind();
  const given = body.read();
  // The connection was closed: the request is sent once more, on another.
  body.rewind();
  expect((await given).length).toBeGreaterThan(0);
  expect((await whole(body)).equals(LONG)).toBe(true);
  body.release();
});

test.skipIf(process.platform !== "linux")("a kept body of which no request is made leaves no file open", async () => {
  const refused = new Error("The request cannot be handed on");
  let held = 0;
  const made = withKept(keep(), () => {
    held = namelessFiles(LONG.length);
    throw refused;
  });
  await expect(made).rejects.toBe(refused);
  expect(held).toBe(1);
  await expect.poll(() => namelessFiles(LONG.length)).toBe(0);
});
