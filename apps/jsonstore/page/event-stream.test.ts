import { expect, test } from "vitest";
import { EventReader } from "./event-stream.ts";
import { changesOf } from "./live-updates.ts";

const STREAM =
  ': hello\nretry: 500\n\nid: 7\nevent: put\ndata: {"path":"/a","value":1}\n\nid: 8\r\nevent: reset\r\ndata: {}\r\n\r\n';
const EVENTS = [
  { id: "7", name: "put", data: '{"path":"/a","value":1}' },
  { id: "8", name: "reset", data: "{}" },
];

test("EventReader finds the same events wherever the stream is cut", () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const reader = new EventReader();
    expect([...reader.read(STREAM.slice(0, cut)), ...reader.read(STREAM.slice(cut))]).toEqual(EVENTS);
  }
});

test("EventReader dispatches nothing that is not over", () => {
  expect(new EventReader().read("id: 1\ndata: {}\n")).toEqual([]);
});

test.each([
  ["put", '{"path":"/a~1b/0","value":{"x":[1,2]}}', [{ op: "put", path: ["a/b", "0"] }]],
  ["delete", '{"path":""}', [{ op: "delete", path: [] }]],
  ["insert", String.raw`{"path":"/q\"q/2"}`, [{ op: "insert", path: ['q"q', "2"] }]],
  [
    "patch",
    '{"operations":[{"op":"delete","path":"/a"},{"op":"put","path":"/b","value":{"op":"x"}}]}',
    [
      { op: "delete", path: ["a"] },
      { op: "put", path: ["b"] },
    ],
  ],
])("changesOf %s", (name, data, changes) => {
  expect(changesOf({ id: "9", name, data })).toEqual(changes.map((change) => ({ ...change, version: 9 })));
});

test.each(["reset", "open", "later-invented"])("changesOf %s asks to read again", (name) => {
  expect(changesOf({ id: "9", name, data: "{}" })).toBeNull();
});
