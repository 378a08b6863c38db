import { expect, it } from "vitest";
import { App } from "./app.ts";
import { events, eventText, type ServerSentEvent } from "./events.ts";

it.each<[ServerSentEvent | string, string]>([
  ["one\ntwo\r\nthree", "data: one\ndata: two\ndata: three\n\n"],
  [{ event: "tick", id: "7", retry: 1000, data: "" }, "event: tick\nid: 7\nretry: 1000\ndata: \n\n"],
  [{ comment: "still\rhere" }, ": still\n: here\n\n"],
])("eventText writes %j", (event, text) => {
  expect(eventText(event)).toBe(text);
});

it.each([{ id: "1\ndata: forged" }, { event: "a\r" }, { id: "\0" }])("eventText refuses %j", (event) => {
  expect(() => eventText(event)).toThrow("has a line end in it");
});

it("events are sent, with comments while nothing happens", async () => {
  let release: () => void = () => {};
  async function* source(): AsyncGenerator<string> {
    yield "first";
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield "second";
  }
  const app = new App().get("/", () => events(source(), { keepAliveSeconds: 0.01 }));
  const seen: string[] = [];
  const response = await app.test().get("/", {
    onChunk(chunk) {
      seen.push(Buffer.from(chunk).toString());
      if (seen.length === 4) release();
    },
  });
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  expect([seen[0], seen[1], seen.at(-1)]).toEqual(["data: first\n\n", ": \n\n", "data: second\n\n"]);
});

it("events end with their reader, and the source is told although it waits", async () => {
  const seen: string[] = [];
  const app = new App().get("/", (request) =>
    events(
      (async function* (): AsyncGenerator<string> {
        try {
          yield "first";
          await new Promise((resolve) => {
            request.signal.addEventListener("abort", resolve);
          });
        } finally {
          seen.push("told");
        }
      })(),
      { signal: request.signal },
    ),
  );
  app.teardown(() => {
    seen.push("teardown");
  });
  await app.test().get("/", { leaveAfterBytes: 5 });
  await expect.poll(() => seen.toSorted()).toEqual(["teardown", "told"]);
});
