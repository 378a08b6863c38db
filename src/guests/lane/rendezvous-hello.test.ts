// Who may come in: a connection that shows the token in one small frame, and nobody else.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FrameType, frameText } from "../../protocols/lane/frame.ts";
import type { Identity } from "../../identity.ts";
import { Rendezvous } from "./rendezvous.ts";

/** A rendezvous that listens, and writes down who came in and what came behind the first frame. */
async function opened(identity: Identity | null = null): Promise<{ place: Rendezvous; told: string[] }> {
  const parent = mkdtempSync(join(tmpdir(), "tsgi-hello-"));
  const told: string[] = [];
  const onHello = (hello: { kind: string }, socket: Socket): void => {
    told.push(hello.kind);
    socket.on("data", (bytes) => told.push(bytes.toString()));
  };
  const place = new Rendezvous(4, identity, "Python", onHello, [parent]);
  onTestFinished(() => {
    place.close();
    rmSync(parent, { recursive: true, force: true });
  });
  await place.listen();
  return { place, told };
}

async function greet({ socketPath }: Rendezvous, ...pieces: readonly string[]): Promise<Socket> {
  const socket = connect(socketPath);
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, "latin1", resolve));
  return socket;
}

function frameOf(hello: unknown, type: number = FrameType.hello): string {
  return frameText(type, 0, typeof hello === "string" ? hello : JSON.stringify(hello));
}

const LANE = { protocol: 1, process: 0, lane: 0 };

describe("a connection", () => {
  test("that shows the token comes in, whatever the pieces; what follows is not lost", async () => {
    const { place, told } = await opened();
    const frame = frameOf({ ...LANE, token: place.token });
    await greet(place, frame.slice(0, 5), frame.slice(5, 20), `${frame.slice(20)}more`);
    await expect.poll(() => told).toEqual(["lane", "more"]);
  });

  test.each<[what: string, frame: (token: string) => string]>([
    [
      "shows another token",
      (token) => frameOf({ ...LANE, token: token.replace(/./, (one) => (one === "0" ? "1" : "0")) }),
    ],
    ["shows a part of the token", (token) => frameOf({ ...LANE, token: token.slice(1) })],
    ["shows none", () => frameOf(LANE)],
    ["begins with another frame", (token) => frameOf({ ...LANE, token }, FrameType.ready)],
    ["says something else", () => frameOf("{")],
    [
      "announces more than a greeting",
      (token) => frameOf({ ...LANE, token, thread: "x".repeat(100_000) }).slice(0, 40),
    ],
  ])("that %s is hung up on", async (_, frame) => {
    const { place, told } = await opened();
    const socket = await greet(place, frame(place.token));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(told).toEqual([]);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "the socket and the status file belong to the processes' user, the directory does not",
  async () => {
    const { place } = await opened({ uid: 65_534, gid: 65_534, userName: undefined });
    const owners = [place.directory, place.statusPath, place.socketPath].map((path) => {
      const { uid, mode } = statSync(path);
      return [uid, (mode & 0o777).toString(8)];
    });
    expect(owners).toEqual([
      [0, "711"],
      [65_534, "600"],
      [65_534, "600"],
    ]);
  },
);
