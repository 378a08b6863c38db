import { expect, it } from "vitest";
import { SHARED } from "../../protocols/lane/shared-value.ts";
import { readChange } from "./session-change.ts";
import { Session } from "./session.ts";

it.each([null, "text", [], { set: [] }, { set: null }, { deleted: "a" }, { deleted: [1] }])(
  "readChange refuses %j",
  (change) => {
    expect(() => readChange(change)).toThrow(/expected/);
  },
);

it("a Session takes what another language did with it, and nothing after it was saved", () => {
  const session = new Session('{"a":1,"b":2}');
  const shared = session[SHARED];
  expect([shared.share(), session.isAccessed]).toEqual(['{"a":1,"b":2}', false]);
  shared.receive({ set: { c: 3 }, deleted: ["a"] });
  expect([shared.share(), session.isRenewed]).toEqual(['{"b":2,"c":3}', false]);
  shared.receive({ cleared: true, set: { d: 4 } });
  expect(session.save()).toMatchObject({ text: '{"d":4}', isChanged: true });
  shared.receive({});
  expect(() => shared.receive({ set: { e: 5 } })).toThrow("before startResponse");
});
