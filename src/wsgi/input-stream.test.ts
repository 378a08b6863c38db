import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteSource } from "./input-stream.ts";
import { chunksOf, EMPTY_INPUT, WSGIInputStream } from "./input-stream.ts";

/** A source of the given chunks; counts the pulls, and pulls asynchronously when asked to. */
function sourceOf(chunks: readonly Uint8Array[], isAsync = false): ByteSource & { pulls: number } {
  let next = 0;
  return {
    pulls: 0,
    pull() {
      this.pulls += 1;
      const chunk = chunks[next] ?? null;
      next += 1;
      return isAsync ? Promise.resolve(chunk) : chunk;
    },
  };
}

function streamOf(...texts: string[]): WSGIInputStream {
  return new WSGIInputStream(sourceOf(texts.map((text) => Buffer.from(text, "latin1"))));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** The same reads over one string: obviously right, and slow. */
class Oracle {
  #rest: string;
  constructor(whole: string) {
    this.#rest = whole;
  }
  read(size = -1): string {
    return this.#cut(size < 0 ? this.#rest.length : size);
  }
  readline(size = -1): string {
    const newline = this.#rest.indexOf("\n");
    const line = newline === -1 ? this.#rest.length : newline + 1;
    return this.#cut(size < 0 ? line : Math.min(line, size));
  }
  readlines(hint = -1): string[] {
    const lines: string[] = [];
    for (let line = this.readline(); line !== ""; line = this.readline()) {
      lines.push(line);
      if (hint > 0 && lines.join("").length >= hint) break;
    }
    return lines;
  }
  #cut(size: number): string {
    const part = this.#rest.slice(0, size);
    this.#rest = this.#rest.slice(size);
    return part;
  }
}

describe("WSGIInputStream", () => {
  const size = fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined });
  const operation = fc.record({ method: fc.constantFrom("read", "readline", "readlines"), size });
  const letters = fc.array(fc.constantFrom("a", "b", "\n"), { maxLength: 6 }).map((each) => each.join(""));

  it("gives what the whole body gives, however it is cut and whichever reads are mixed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(letters, { maxLength: 12 }),
        fc.array(operation as fc.Arbitrary<{ method: "read" | "readline" | "readlines"; size: number | undefined }>, {
          maxLength: 14,
        }),
        fc.boolean(),
        fc.boolean(),
        async (chunks, operations, isAsync, isConcurrent) => {
          const source = sourceOf(
            chunks.map((each) => Buffer.from(each, "latin1")),
            isAsync,
          );
          const stream = new WSGIInputStream(source);
          const oracle = new Oracle(chunks.join(""));
          const expected = operations.map(({ method, size: wanted }) => oracle[method](wanted));
          const results: (Uint8Array | Uint8Array[])[] = [];
          if (isConcurrent) {
            results.push(...(await Promise.all(operations.map(({ method, size: wanted }) => stream[method](wanted)))));
          } else {
            for (const { method, size: wanted } of operations) results.push(await stream[method](wanted));
          }
          expect(results.map((result) => (Array.isArray(result) ? result.map(text) : text(result)))).toEqual(expected);
          expect(text(await stream.read())).toBe(oracle.read());
          expect(text(await stream.read(3))).toBe("");
          expect(text(await stream.readline())).toBe("");
          expect(await stream.readlines()).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("passes a chunk on without copying it where it holds the whole result", async () => {
    const chunk = Buffer.from("one\ntwo\n");
    const stream = new WSGIInputStream(sourceOf([chunk]));
    const results = [await stream.readline(), await stream.read(4)];
    expect(results.map((result) => [result.buffer === chunk.buffer, text(result)])).toEqual([
      [true, "one\n"],
      [true, "two\n"],
    ]);
  });

  it("always gives Buffers, whatever the source gives", async () => {
    const stream = new WSGIInputStream(sourceOf([Uint8Array.of(97), Uint8Array.of(98, 99), Uint8Array.of(100)]));
    const results = [await stream.read(1), await stream.read(3), await stream.read()];
    expect(results.map((result) => [Buffer.isBuffer(result), text(result)])).toEqual([
      [true, "a"],
      [true, "bcd"],
      [true, ""],
    ]);
  });

  it("reads nothing from the source for size 0, nor more than a read needs", async () => {
    const source = sourceOf([Buffer.from("ab"), Buffer.from("cd"), Buffer.from("ef")]);
    const stream = new WSGIInputStream(source);
    const zero = [await stream.read(0), await stream.readline(0), await stream.readChunk(0)];
    expect(zero.map(text)).toEqual(["", "", ""]);
    expect(source.pulls).toBe(0);
    await stream.read(3);
    expect(source.pulls).toBe(2);
  });

  it("iterates over lines, and leaves the rest when the loop is left", async () => {
    const stream = streamOf("on", "e\ntw", "o\nthree");
    for await (const line of stream) {
      expect(text(line)).toBe("one\n");
      break;
    }
    const rest: string[] = [];
    for await (const line of stream) rest.push(text(line));
    expect(rest).toEqual(["two\n", "three"]);
  });

  it("fails each read with the error of the source, after what came before it", async () => {
    const failure = new Error("The client disconnected");
    const chunks: (() => Uint8Array)[] = [() => Buffer.from("ab")];
    const stream = new WSGIInputStream({
      pull() {
        const next = chunks.shift();
        if (next === undefined) throw failure;
        return next();
      },
    });
    expect(text(await stream.read(1))).toBe("a");
    const settled = await Promise.allSettled([
      stream.read(2),
      stream.readline(),
      stream.readlines(),
      stream.readChunk(),
    ]);
    expect(
      settled.map((result) => (result.status === "rejected" ? result.reason : text(result.value as Uint8Array))),
    ).toEqual([failure, failure, failure, "b"]);
    await expect(stream.readChunk()).rejects.toBe(failure);
  });

  it("looks at each byte once: a line of 4 MB in 64,000 chunks, and 1 MB read bytewise by readline", async () => {
    let searched = 0;
    class Counting extends Buffer {
      override indexOf(value: string | number | Uint8Array, start?: number | BufferEncoding): number {
        const from = typeof start === "number" ? start : 0;
        searched += this.length - from;
        return super.indexOf(value, from);
      }
    }
    const counted = (bytes: Buffer): Buffer => Object.setPrototypeOf(bytes, Counting.prototype) as Buffer;
    const pieces = Array.from({ length: 64_000 }, () => counted(Buffer.alloc(64, "x")));
    const line = await new WSGIInputStream(sourceOf(pieces)).readline();
    expect(line.length).toBe(4_096_000);
    expect(searched).toBe(4_096_000);

    searched = 0;
    const stream = new WSGIInputStream(sourceOf([counted(Buffer.alloc(1_000_000, "x"))]));
    for (let index = 0; index < 1000; index += 1) await stream.readline(10);
    expect(searched).toBeLessThanOrEqual(10_000);
  });
});

describe("readChunk and chunksOf", () => {
  it("pass chunks on as they came, as far as the size allows", async () => {
    const chunks: string[] = [];
    for await (const chunk of chunksOf(streamOf("ab", "", "cdefg", "h"), 4)) chunks.push(text(chunk));
    expect(chunks).toEqual(["ab", "cdef", "g", "h"]);
  });

  it("chunksOf reads blocks from an input of another kind", async () => {
    const stream = streamOf("abc", "defg");
    const other = {
      read: (size?: number) => stream.read(size),
      readline: () => stream.readline(),
      readlines: () => stream.readlines(),
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    };
    const chunks: string[] = [];
    for await (const chunk of chunksOf(other, 3)) chunks.push(text(chunk));
    expect(chunks).toEqual(["abc", "def", "g"]);
  });
});

describe("EMPTY_INPUT", () => {
  it("is always at its end, for any number of readers at once", async () => {
    const results = await Promise.all([EMPTY_INPUT.read(), EMPTY_INPUT.read(5), EMPTY_INPUT.readline()]);
    expect(results.map(text)).toEqual(["", "", ""]);
    expect(await EMPTY_INPUT.readlines()).toEqual([]);
  });
});
