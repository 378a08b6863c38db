// docs/lane-protocol.md is what other languages are written from: its tables and its example are held against the code.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeHead } from "./environ-text.ts";
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, LANE_VERSION, type LaneFrame } from "./frame.ts";
import { LaneDecoder, MAX_HEAD_BYTES, MAX_WHOLE_BYTES } from "./lane-decoder.ts";

const PAGE = readFileSync(new URL("../../../docs/lane-protocol.md", import.meta.url), "utf8");
const MIB = 1_048_576;

/** `listModules` is LIST_MODULES on the page. */
const asWritten = (name: string): string => name.replaceAll(/([A-Z])/g, "_$1").toUpperCase();

const sideOf = (type: number): string => ((type & 64) === 0 ? "host" : "guest");
const channelOf = (type: number): string => ((type & 32) === 0 ? "lane" : "control");

function framesOf(side: ">" | "<"): LaneFrame[] {
  const [, example = ""] = /```text\n([\s\S]*?)```/.exec(PAGE) ?? [];
  const bytes = example
    .split("\n")
    .filter((line) => line.startsWith(`${side} `))
    .flatMap((line) => (/^. ((?:[\da-f]{2} )+)/.exec(line)?.[1] ?? "").trim().split(" "))
    .map((digits) => Number.parseInt(digits, 16));
  const frames: LaneFrame[] = [];
  const decoder = new LaneDecoder((frame) => frames.push(frame));
  decoder.push(Buffer.from(bytes));
  expect(decoder.isBetweenFrames).toBe(true);
  return frames;
}

test("the table of frames has every type, from the side and on the channel that its bits say", () => {
  const rows = [...PAGE.matchAll(/^\| (\d+) \| ([A-Z_]+) \| (host|guest) \| (lane|control|both) \|/gm)];
  const found = Object.fromEntries(rows.map(([, type, name = ""]) => [name, Number(type)]));
  const known = Object.fromEntries(Object.entries(FrameType).map(([name, type]) => [asWritten(name), type]));
  expect(found).toEqual(known);
  const places = rows.map(([, type, name = "", from = "", on = ""]) => [
    name,
    from,
    on === "both" ? channelOf(Number(type)) : on,
  ]);
  expect(places).toEqual(rows.map(([, type, name = ""]) => [name, sideOf(Number(type)), channelOf(Number(type))]));
});

test("the table of a request's flags has their values", () => {
  const rows = [...PAGE.matchAll(/^\| ([A-Z_]+) \| (\d+) \| /gm)].map(([, name, value]) => [name, Number(value)]);
  const { upgrade, bodyFile, bodyStream, json, hints, inner, batched, keyed } = FrameFlag;
  const flags = { upgrade, bodyFile, bodyStream, json, hints, inner, batched, keyed };
  expect(rows).toEqual(Object.entries(flags).map(([name, value]) => [asWritten(name), value]));
});

test("version and limits are those of the code", () => {
  expect(PAGE).toContain(`version ${LANE_VERSION}\n`);
  expect(PAGE).toContain(`a header of ${FRAME_HEADER_BYTES} bytes`);
  expect(PAGE).toContain(`A head is at most ${MAX_HEAD_BYTES / MIB} MiB`);
  expect(PAGE).toContain(`is at most ${MAX_WHOLE_BYTES / MIB} MiB`);
});

test("the bytes of the example are a request and its answer", () => {
  const [request, ...noMore] = framesOf(">");
  expect(noMore).toEqual([]);
  expect(request).toMatchObject({ type: FrameType.request, id: 7, aux: 2, flags: 0 });
  expect(request?.head).toBe("REQUEST_METHOD\0GET\0PATH_INFO\0/cafÃ©-a-b-c-d\0");

  const [response] = framesOf("<");
  expect(response).toMatchObject({ type: FrameType.response, id: 7, aux: 200, flags: FrameFlag.end });
  expect(decodeHead(response?.head ?? "", true)).toMatchObject({
    status: "200 OK",
    headers: [
      ["Content-Type", "text/plain"],
      ["X-A", "b"],
    ],
  });
  expect(response?.body.toString()).toBe("hello\n");
});

test("each section that is referred to is there", () => {
  const sections = new Set(
    [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(" ", "-")),
  );
  const missing = [...PAGE.matchAll(/\]\(#([\w-]+)\)/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !sections.has(name));
  expect(missing).toEqual([]);
});
