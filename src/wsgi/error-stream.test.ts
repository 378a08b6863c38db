import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { WSGIErrorStream } from "./error-stream.ts";
import { StringErrorStream } from "./string-error-stream.ts";

function collecting(): { stream: WSGIErrorStream; written: string[] } {
  const written: string[] = [];
  return { stream: new WSGIErrorStream((text) => written.push(text)), written };
}

it("WSGIErrorStream passes whole lines on at once and holds the incomplete one", () => {
  const { stream, written } = collecting();
  stream.write("one\ntwo\nthr");
  stream.write("ee");
  expect(written).toEqual(["one\ntwo\n"]);
  stream.write("\nfour");
  expect(written).toEqual(["one\ntwo\n", "three\n"]);
});

it("WSGIErrorStream passes an incomplete line on when flushed, when the turn ends, and when it grows long", async () => {
  const { stream, written } = collecting();
  stream.write("a");
  stream.flush();
  stream.flush();
  stream.write("b");
  await nextTurn();
  stream.write("c".repeat(9000));
  expect(written).toEqual(["a", "b", "c".repeat(9000)]);
});

it("WSGIErrorStream writes several lines in one piece, without adding line endings", () => {
  const { stream, written } = collecting();
  stream.writelines(["one\n", "two", "\n"]);
  expect(written).toEqual(["one\ntwo\n"]);
});

it("StringErrorStream keeps what is written", () => {
  const stream = new StringErrorStream();
  stream.write("one\n");
  stream.writelines(["two", "\n"]);
  stream.flush();
  expect(stream.text).toBe("one\ntwo\n");
});

it("WSGIErrorStream writes to the process's stderr unless told otherwise", () => {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  new WSGIErrorStream().write("a line\n");
  expect(written).toHaveBeenCalledWith("a line\n");
});
