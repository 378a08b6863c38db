// The rules that a guest is checked for. The guest serves the paths that docs/lane-protocol.md lists under "Checking a guest".
import { setTimeout as sleep } from "node:timers/promises";
import type { TestClient } from "../../testing/test-client.ts";

/** A guest that runs behind an HTTP server. */
export interface CheckedGuest {
  readonly client: TestClient;
  /** What has been written to the error log. */
  errors(): string;
  /** Processes that were started again after an unexpected end. */
  restarts(): number;
  /** Processes that were replaced. */
  replacements(): number;
}

/** One rule. */
export interface LaneCase {
  readonly title: string;
  check(guest: CheckedGuest): Promise<void>;
}

const PATIENCE_MILLISECONDS = 20_000;

function expectEqual(what: string, got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Error(`Expected ${what} ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}

async function expectText(guest: CheckedGuest, path: string, text: string): Promise<void> {
  const response = await guest.client.get(path);
  expectEqual(`${path} to answer`, [response.status, response.text()], [200, text]);
}

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MILLISECONDS; !isSo(); await sleep(20))
    if (performance.now() > end) throw new Error(`Expected ${what} within ${PATIENCE_MILLISECONDS / 1000} s`);
}

async function expectEcho(guest: CheckedGuest, size: number): Promise<void> {
  const body = Buffer.alloc(size, "0123456789");
  const got = await guest.client.post("/echo", { body });
  expectEqual("a status", got.status, 200);
  const bytes = got.bytes();
  if (!body.equals(bytes)) throw new Error(`Expected ${size} bytes back as they were sent, got ${bytes.length}`);
}

/** All cases, in an order from simple to hard. */
export const LANE_CASES: readonly LaneCase[] = [
  {
    title: "says HELLO on each lane and on the control channel, then READY, and answers a request",
    check: (guest) => expectText(guest, "/hello", "hello"),
  },
  {
    title: "reads the environ: query, and bytes above ASCII in the path",
    async check(guest) {
      await expectText(guest, "/query?a=1&b=%20%C3%A9", "a=1&b=%20%C3%A9");
      await expectText(guest, "/path/caf%C3%A9", "/path/café");
    },
  },
  {
    title: "sends status and headers, one that comes twice as well",
    async check(guest) {
      const { status, headers } = await guest.client.get("/headers");
      expectEqual("status and cookies", [status, headers.getAll("Set-Cookie")], [201, ["a=1", "b=2"]]);
    },
  },
  { title: "reads a request body that comes within its frame", check: (guest) => expectEcho(guest, 1000) },
  { title: "reads a request body from a file", check: (guest) => expectEcho(guest, 50_000) },
  { title: "pulls a request body with READ", check: (guest) => expectEcho(guest, 500_000) },
  {
    title: "answers 300 requests at once, each with its own answer",
    async check(guest) {
      const wanted = Array.from({ length: 300 }, (_, index) => `number=${index}`);
      const got = await Promise.all(wanted.map((query) => guest.client.get(`/query?${query}`)));
      expectEqual(
        "answers",
        got.map((response) => response.text()),
        wanted,
      );
      expectEqual("restarts", guest.restarts(), 0);
    },
  },
  {
    title: "sends FAIL when the application raises, and goes on",
    async check(guest) {
      const { status } = await guest.client.get("/raise");
      expectEqual("a status", status, 500);
      if (!guest.errors().includes("/raise")) throw new Error("Expected the request in the log");
      await expectText(guest, "/hello", "hello");
      expectEqual("restarts", guest.restarts(), 0);
    },
  },
  {
    title: "sends FAIL when the application raises after its first chunk, so that the response breaks off",
    async check(guest) {
      const response = await guest.client.get("/raise-late");
      const what = "the response to break off after its first bytes";
      expectEqual(what, [response.isComplete, response.chunks.length > 0], [false, true]);
      await expectText(guest, "/hello", "hello");
    },
  },
  {
    title: "goes on after a client has left in the middle of an endless response",
    async check(guest) {
      await guest.client.get("/endless", { leaveAfterBytes: 1 });
      await expectText(guest, "/hello", "hello");
      const ended = guest.restarts();
      expectEqual("restarts", ended, 0);
    },
  },
  {
    title: "ends in the middle of a request: 502 for that one, and another process answers the next",
    async check(guest) {
      const before = (await guest.client.get("/pid")).text();
      const { status } = await guest.client.get("/exit");
      expectEqual("a status", status, 502);
      const after = (await guest.client.get("/pid")).text();
      if (before === after) throw new Error(`Expected another process, got ${after} again`);
    },
  },
  {
    title: "does not answer: 504 at the deadline, and another process answers the next",
    async check(guest) {
      const { status } = await guest.client.get("/stuck");
      expectEqual("a status", status, 504);
      await eventually("the process to be replaced", () => guest.replacements() > 0);
      await expectText(guest, "/hello", "hello");
    },
  },
];
