// Libraries that take connections over, unchanged, with real clients: ActionCable and faye-websocket of Debian's packages `ruby-actioncable`
// and `ruby-faye-websocket`. Only where TSGI_TEST_RUBY_PEERS=1 asks for them. One thread serves all of their sockets.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { interpreterWith } from "../needs.ts";
import { serveRuby } from "../ruby/serve-ruby.ts";

const directory = fileURLToPath(new URL(".", import.meta.url));

interface Speaker {
  readonly socket: WebSocket;
  readonly heard: string[];
}

async function speaker(served: ServedGuest, path: string, ...protocols: string[]): Promise<Speaker> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}${path}`, protocols);
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  socket.on("message", (data: Buffer) => void heard.push(data.toString()));
  socket.on("error", () => {});
  await once(socket, "open");
  return { socket, heard };
}

describe.skipIf(interpreterWith("ruby", "action_cable") === undefined)("ActionCable", () => {
  const identifier = JSON.stringify({ channel: "RoomChannel" });
  let served: ServedGuest;
  beforeAll(async () => void (served = await serveRuby({ target: "cable.ru", directory })));
  afterAll(() => served.close());

  /** Somebody who is in the room. */
  async function visitor(name: string): Promise<Speaker> {
    const found = await speaker(served, `/cable?name=${name}`, "actioncable-v1-json");
    await expect.poll(() => found.heard.join()).toContain('"welcome"');
    found.socket.send(JSON.stringify({ command: "subscribe", identifier }));
    await expect.poll(() => found.heard.join()).toContain('"confirm_subscription"');
    return found;
  }

  test("tells everybody in a room what one says, and notices who leaves", async () => {
    const visitors: Speaker[] = [];
    for (const name of ["ann", "bob", "cem"]) visitors.push(await visitor(name));
    expect(await served.get("/")).toMatchObject({ text: "3" });
    const data = JSON.stringify({ action: "say", text: "träge €" });
    visitors[0]?.socket.send(JSON.stringify({ command: "message", identifier, data }));
    const wanted = { identifier, message: { from: "ann", text: "träge €" } };
    for (const { heard } of visitors)
      await expect.poll(() => heard.map((text): unknown => JSON.parse(text))).toContainEqual(wanted);
    visitors[0]?.socket.close();
    visitors[1]?.socket.terminate();
    await expect.poll(async () => (await served.get("/")).text).toBe("1");
  });

  test("refuses who does not say a name", async () => {
    const { heard, socket } = await speaker(served, "/cable", "actioncable-v1-json");
    await once(socket, "close");
    expect(heard.join()).toContain('"reason":"unauthorized"');
  });
});

describe.skipIf(interpreterWith("ruby", "faye/websocket") === undefined)("faye-websocket", () => {
  let served: ServedGuest;
  beforeAll(async () => void (served = await serveRuby({ target: "faye.ru", directory })));
  afterAll(() => served.close());

  test("speaks with many, and notices who leaves", async () => {
    const speakers = await Promise.all(Array.from({ length: 10 }, () => speaker(served, "/")));
    for (const { socket } of speakers) socket.send("hello");
    await expect.poll(() => speakers.flatMap(({ heard }) => heard)).toEqual(speakers.map(() => "heard hello"));
    for (const { socket } of speakers) socket.close();
    await expect.poll(async () => (await served.get("/")).text).toBe("10");
  });

  test("sends events", async () => {
    const { text } = await served.get("/", { headers: { Accept: "text/event-stream" } });
    expect(text).toContain("data: one\r\n\r\ndata: two\r\n\r\n");
  });
});
