import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseSyslogAddress, Syslog } from "./syslog.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-syslog-"));
afterAll(() => rmSync(directory, { recursive: true }));

const MESSAGE = /^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ shop (\d+) - - (.*)$/;

describe("parseSyslogAddress", () => {
  test.each([
    ["udp://localhost:514", { kind: "udp", host: "localhost", port: 514 }],
    ["udp://logs.example", { kind: "udp", host: "logs.example", port: 514 }],
    ["10.0.0.1:5140", { kind: "udp", host: "10.0.0.1", port: 5140 }],
    ["tcp://[::1]:601", { kind: "tcp", host: "::1", port: 601 }],
    ["unix:///run/log.sock", { kind: "unix", path: "/run/log.sock" }],
    ["unix:///run/log.sock#stream", { kind: "unix", path: "/run/log.sock" }],
  ])("reads %s", (text, address) => expect(parseSyslogAddress(text)).toEqual(address));

  test.each([
    ["unix:///dev/log", /no unix datagram sockets/],
    ["unix:///run/x#dgram", /no unix datagram sockets/],
    ["http://x", /expected udp:/],
    ["udp://x:99999", /expected udp:/],
    ["", /expected udp:/],
  ])("refuses %j", (text, message) => expect(() => parseSyslogAddress(text)).toThrow(message));
});

describe("Syslog", () => {
  test("sends one datagram for each message, on one line and not too long", async () => {
    const daemon = createSocket("udp4");
    daemon.bind(0, "127.0.0.1");
    await once(daemon, "listening");
    const received: string[] = [];
    daemon.on("message", (message) => received.push(message.toString()));
    const syslog = new Syslog({
      address: { kind: "udp", host: "127.0.0.1", port: daemon.address().port },
      facility: "local0",
      name: "shop",
    });
    syslog.send("error", "It broke\nat once");
    syslog.lines("info").write(`one\ntwo ${"x".repeat(10_000)}\n`);
    await expect.poll(() => received.length).toBe(3);
    daemon.close();
    syslog.close();
    expect(MESSAGE.exec(received[0] ?? "")?.slice(1)).toEqual(["131", String(process.pid), "It broke at once"]);
    expect(MESSAGE.exec(received[1] ?? "")?.slice(1)).toEqual(["134", String(process.pid), "one"]);
    expect(received[2]).toHaveLength(8192);
  });

  test.each(["tcp", "unix"] as const)("frames messages over %s", async (kind) => {
    const { server, text } = await listen(kind);
    const address =
      kind === "unix"
        ? { kind, path: server.address() as string }
        : { kind, host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    const syslog = new Syslog({ address, facility: "user", name: "shop" });
    syslog.send("info", "one");
    syslog.send("info", "zwei ü");
    await expect.poll(text).toContain("ü");
    syslog.close();
    server.close();
    const messages = kind === "unix" ? text().trimEnd().split("\n") : countedMessages(text());
    expect(messages.map((message) => MESSAGE.exec(message)?.[3])).toEqual(["one", "zwei ü"]);
  });

  test("drops and counts what it cannot send, and throws nothing", async () => {
    const syslog = new Syslog({
      address: { kind: "unix", path: join(directory, "nobody") },
      facility: "user",
      name: "shop",
    });
    syslog.send("info", "waits for the connection");
    await new Promise((resolve) => setTimeout(resolve, 20));
    syslog.send("info", "is dropped");
    expect(syslog.droppedMessages).toBe(1);
    syslog.close();
  });
});

async function listen(kind: "tcp" | "unix"): Promise<{ server: Server; text: () => string }> {
  let text = "";
  const server = createServer((socket: Socket) => socket.on("data", (data) => (text += data.toString())));
  if (kind === "unix") server.listen(join(directory, "daemon.sock"));
  else server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, text: () => text };
}

/** Octet counting, RFC 6587 section 3.4.1. */
function countedMessages(text: string): string[] {
  const messages: string[] = [];
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const space = rest.indexOf(" ");
    const length = Number(rest.subarray(0, space).toString());
    messages.push(rest.subarray(space + 1, space + 1 + length).toString());
    rest = rest.subarray(space + 1 + length);
  }
  return messages;
}
