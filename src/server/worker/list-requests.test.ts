import { expect, test } from "vitest";
import type { RequestInFlight } from "../../gateways/in-flight.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { listRequests } from "./list-requests.ts";
import { isWorkerMessage } from "../channel/message-rules.ts";

function flight(fields: Readonly<Record<string, unknown>>, elapsedSeconds = 1): RequestInFlight {
  return { environ: Object.assign(mockEnviron(), fields), elapsedSeconds, isSent: false, isOver: false };
}

test.each([
  ["/a?token=secret", "/a"],
  ["/a%3Fb#c", "/a%3Fb"],
  ["http://user:secret@host:80/a/b?c", "/a/b"],
  [`http://user:${"secret".repeat(200)}@host/a`, ""],
  ["*", "*"],
  ["host:443", "host:443"],
  [`/${"a".repeat(1000)}`, `/${"a".repeat(499)}`],
  [42, ""],
  [undefined, ""],
])("listRequests shows the path of %j without its secrets", (target, path) => {
  expect(listRequests([flight({ REQUEST_URI: target })], undefined).requests).toMatchObject([{ path }]);
});

test("listRequests shows the oldest hundred, and the arbiter takes the list", () => {
  const many = Array.from({ length: 250 }, (_, index) => flight({ "tsgi.request_id": `r${index}` }, index));
  const list = listRequests(many, new Map([["r249", 77]]));
  expect(list).toMatchObject({ leftOut: 150, requests: { length: 100 } });
  expect(list.requests[0]).toMatchObject({ requestId: "r249", ageSeconds: 249, python: 77 });
  expect(list.requests[99]).toMatchObject({ requestId: "r150", python: null });
  expect(isWorkerMessage(JSON.parse(JSON.stringify(list)), "serving", 1)).toBe(true);
});

test("listRequests tells what becomes of a request", () => {
  const waiting = flight({});
  const list = listRequests(
    [waiting, { ...waiting, isSent: true }, { ...waiting, isSent: true, isOver: true }],
    undefined,
  );
  expect(list.requests.map(({ state }) => state)).toEqual(["working", "answering", "abandoned"]);
});
