import { describe, expect, test } from "vitest";
import { asked, type Asking } from "../../../test/lane/lane-pair.ts";
import { decodeEnviron } from "../../protocols/lane/environ-text.ts";
import { FrameFlag, FrameType, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";
import { RequestFrames } from "./request-frames.ts";

function framesOf(text: string): LaneFrame[] {
  const frames: LaneFrame[] = [];
  new LaneDecoder((frame) => frames.push(frame)).push(Buffer.from(text, "latin1"));
  return frames;
}

function frameOf(asking: Asking, isBatched = false): LaneFrame {
  const [frame] = framesOf(new RequestFrames(0).head(asked({ id: 7, ...asking }).exchange, isBatched));
  if (frame === undefined) throw new Error("There is no whole frame");
  return frame;
}

describe("RequestFrames.head", () => {
  test("holds the environ, as a guest reads it", () => {
    const { type, id, head, aux } = frameOf({ url: "/caf%C3%A9?a=1" });
    expect([type, id]).toEqual([FrameType.request, 7]);
    expect(decodeEnviron(head, aux)).toMatchObject({ PATH_INFO: "/caf\xc3\xa9", QUERY_STRING: "a=1" });
  });

  const release = (): Promise<void> => Promise.resolve();
  test.each<[what: string, asking: Asking, isBatched: boolean, flags: number]>([
    ["nothing more", {}, false, 0],
    ["others that may follow", {}, true, FrameFlag.batched],
    ["an application behind the filter", { inner: () => [] }, false, FrameFlag.inner],
    ["a way for early hints", { environ: { "wsgi.early_hints": () => {} } }, false, FrameFlag.hints],
    ["an offer of another protocol", { environ: { "tsgi.upgrade": () => {} } }, false, FrameFlag.upgrade],
    ["values that are no text", { environ: { "app.user": { id: 1 } } }, false, FrameFlag.json],
    [
      "a streamed body",
      { guestBody: { kind: "stream", read: () => Promise.resolve(null), release } },
      false,
      FrameFlag.bodyStream,
    ],
    ["a body in a file", { guestBody: { kind: "file", path: "/a", release } }, false, FrameFlag.bodyFile],
  ])("of a request with %s says so in its flags", (_, asking, isBatched, flags) => {
    expect(frameOf(asking, isBatched).flags).toBe(flags);
  });

  test("names the file of a body in the bytes of its path", () => {
    const { body } = frameOf({ guestBody: { kind: "file", path: "/tmp/träge", release } });
    expect(body.toString("utf8")).toBe("/tmp/träge");
  });

  test("leaves room for a body in memory, which is sent after it", () => {
    const bytes = Buffer.from("hello");
    const text = new RequestFrames(0).head(asked({ id: 7, guestBody: { kind: "memory", bytes } }).exchange, false);
    expect(framesOf(text)).toEqual([]);
    expect(String(framesOf(`${text}hello`)[0]?.body)).toBe("hello");
  });

  test("tells the keys once to a guest that remembers them, and then sends values", () => {
    const frames = new RequestFrames(8);
    const request = (url: string): LaneFrame[] => framesOf(frames.head(asked({ url }).exchange, true));
    const [keys, first] = request("/one");
    const [second, ...others] = request("/two");
    expect([keys?.type, first?.flags]).toEqual([FrameType.keys, FrameFlag.keyed | FrameFlag.batched]);
    expect([second?.aux, others]).toEqual([keys?.aux, []]);
    const names = keys?.head.split("\0") ?? [];
    expect(second?.head.split("\0")[names.indexOf("PATH_INFO")]).toBe("/two");
  });

  test("marks values that are no text beside keys that are known", () => {
    const { exchange } = asked({ environ: { "app.user": { id: 1 } } });
    expect(framesOf(new RequestFrames(8).head(exchange, false)).at(-1)?.flags).toBe(FrameFlag.keyed | FrameFlag.json);
  });
});
