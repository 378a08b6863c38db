import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
  closeSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { GuestEnd } from "../../../test/lane/lane-pair.ts";
import { FrameType, frameText } from "../../protocols/lane/frame.ts";
import { GuestStartError } from "./errors.ts";
import type { Hello } from "./hello.ts";
import { Rendezvous } from "./rendezvous.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "tsgi-rendezvous-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function rendezvous(slots: number, parents: readonly string[]): Rendezvous {
  const made = new Rendezvous(slots, null, "Python", () => {}, parents);
  onTestFinished(() => made.close());
  return made;
}

/** A file system that has only so much room; null where this process may not make one. */
function smallFileSystem(size: string): string | null {
  const path = directory();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", path]));
  return path;
}

test("Rendezvous reserves every byte of the status file: who writes to it is not ended by a full file system", () => {
  const made = rendezvous(4, [directory()]);
  const { size, blocks } = statSync(made.statusPath);
  expect(size).toBe(4 * (12 + made.answerBytes));
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
});

test("Rendezvous leaves a directory without the room for one that has it", (context) => {
  const full = smallFileSystem("64k");
  if (full === null) return context.skip("may not mount a file system");
  const parent = directory();
  expect(dirname(rendezvous(4, [full, parent]).directory)).toBe(parent);
  expect(readdirSync(full)).toEqual([]);
});

test("Rendezvous leaves a directory whose path is too long for a socket, or that is not there", async () => {
  const parent = directory();
  const long = join(parent, "x".repeat(100));
  mkdirSync(long);
  const made = rendezvous(4, [long, join(parent, "missing"), parent]);
  expect(dirname(made.directory)).toBe(parent);
  await made.listen();
  expect(existsSync(made.socketPath)).toBe(true);
});

test("Rendezvous says why when no directory will do", () => {
  const missing = join(directory(), "missing");
  const make = (): Rendezvous => new Rendezvous(4, null, "Python", () => {}, ["/".padEnd(120, "x"), missing]);
  expect(make).toThrow(GuestStartError);
  expect(make).toThrow(/too long for a socket.*ENOENT/);
});

test.each([
  [4, 65_536],
  [256, 65_536],
  [1000, 16_384],
])("Rendezvous with %i lanes keeps %i bytes of answers for each", (slots, bytes) => {
  expect(rendezvous(slots, ["/dev/shm", directory()]).answerBytes).toBe(bytes);
});

describe("Rendezvous, when somebody connects", () => {
  interface Greeting {
    readonly made: Rendezvous;
    readonly hellos: { readonly hello: Hello; readonly socket: Socket; rest: string }[];
    readonly end: GuestEnd;
    readonly isClosed: () => boolean;
  }

  async function connected(): Promise<Greeting> {
    const hellos: Greeting["hellos"] = [];
    const take = (hello: Hello, socket: Socket): void => {
      const taken = { hello, socket, rest: "" };
      hellos.push(taken);
      socket.on("data", (chunk: Buffer) => (taken.rest += chunk.toString("latin1")));
    };
    const made = new Rendezvous(4, null, "Test", take, [directory()]);
    await made.listen();
    const end = new GuestEnd(connect(made.socketPath));
    let isOver = false;
    end.stream.once("close", () => {
      isOver = true;
    });
    onTestFinished(() => {
      end.stream.destroy();
      for (const { socket } of hellos) socket.destroy();
      made.close();
    });
    return { made, hellos, end, isClosed: () => isOver };
  }

  const said = (token: string): string => JSON.stringify({ protocol: 1, token, process: 1, lane: -1, pid: 77 });

  test("passes on who shows the token, with what has come after HELLO", async () => {
    const { made, hellos, end } = await connected();
    const text = frameText(FrameType.hello, 0, "", said(made.token)) + frameText(FrameType.ready, 0, "", "{}");
    for (const piece of [text.slice(0, 5), text.slice(5, 40), text.slice(40)]) {
      end.stream.write(piece, "latin1");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => hellos.length).toBe(1);
    expect(hellos[0]?.hello).toMatchObject({ kind: "control", process: 1, pid: 77 });
    await expect.poll(() => hellos[0]?.rest).toBe(frameText(FrameType.ready, 0, "", "{}"));
  });

  test.each<[what: string, type: number, body: (token: string) => string]>([
    ["shows another token", FrameType.hello, (token) => said(token.toLowerCase())],
    ["shows a shorter token", FrameType.hello, (token) => said(token.slice(1))],
    ["says something else first", FrameType.ready, said],
    ["speaks another protocol", FrameType.hello, (token) => said(token).replace('"protocol":1', '"protocol":2')],
    ["sends no JSON", FrameType.hello, () => "{"],
    ["sends megabytes", FrameType.hello, () => "x".repeat(100_000)],
  ])("hangs up on who %s", async (_, type, body) => {
    const { made, hellos, end, isClosed } = await connected();
    end.send(type, 0, { body: body(made.token) });
    await expect.poll(isClosed).toBe(true);
    expect(hellos).toEqual([]);
  });

  test("hangs up on who says nothing for ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { isClosed } = await connected();
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
    while (!isClosed()) await new Promise((resolve) => setImmediate(resolve));
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("Rendezvous reads what lanes write into the status file, and writes there what they read", () => {
  const made = rendezvous(4, [directory()]);
  const file = openSync(made.statusPath, "r+");
  writeSync(file, Uint32Array.of(7), 0, 4, 2 * 4);
  const start = 4 * 8 + 2 * made.answerBytes;
  writeSync(file, Buffer.concat([Buffer.from(Uint32Array.of(3).buffer), Buffer.from("abcdef")]), 0, 10, start);
  closeSync(file);
  expect([made.started(2), made.started(1), String(made.kept(2)), String(made.kept(1))]).toEqual([7, 0, "abc", ""]);
  made.abort(3, 9);
  expect(made.started(4 + 3)).toBe(9);
});

test("Rendezvous does not believe a length that no lane has room for", () => {
  const made = rendezvous(4, [directory()]);
  const file = openSync(made.statusPath, "r+");
  writeSync(file, Uint32Array.of(0xff_ff_ff_ff), 0, 4, 4 * 8);
  closeSync(file);
  expect(made.kept(0).length).toBe(made.answerBytes - 4);
});

test("Rendezvous notes which processes belong to it, if it can", () => {
  const made = rendezvous(4, [directory()]);
  made.note(77);
  expect(readdirSync(made.directory)).toContain("process-77");
  made.forget(77);
  expect(readdirSync(made.directory)).not.toContain("process-77");
  rmSync(made.directory, { recursive: true });
  expect(() => made.note(77)).not.toThrow();
});

test.skipIf(process.getuid?.() !== 0)("Rendezvous lets another user's processes connect, and no others", async () => {
  const identity = { uid: 65_534, gid: 65_534, userName: undefined };
  const made = new Rendezvous(4, identity, "Test", () => {}, [directory()]);
  onTestFinished(() => made.close());
  await made.listen();
  expect([made.directory, made.socketPath, made.statusPath].map((path) => statSync(path).uid)).toEqual([
    0, 65_534, 65_534,
  ]);
  expect([made.directory, made.socketPath].map((path) => statSync(path).mode & 0o777)).toEqual([0o711, 0o600]);
});
