// The lane carries any language: a Node program speaks it, with no more than its GuestLanguage on this side, and serves HTTP requests.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestSettings, type GuestOptions } from "../../src/guests/lane/guest-options.ts";
import { startGuest } from "../../src/guests/lane/guest.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { Middleware } from "../../src/wsgi/types.ts";
import { eventually } from "../python/serve-python.ts";
import { ENDS_BEFORE_START } from "./node-apps.ts";
import { NodeLanguage, type NodeOptions } from "./node-language.ts";
import { serveGuest, type ServedGuest } from "./serve-guest.ts";

function serveNode(node: NodeOptions, options: GuestOptions = {}, around?: Middleware): Promise<ServedGuest> {
  const language = new NodeLanguage(node);
  return serveGuest((log) => startGuest(guestSettings({ log, ...options }, language.name), language), around);
}

/** The client that it means has only ended its side, and may still want the answer: a guest hears of it when the connection breaks. */
const UNHEARD = "A client that leaves fires the signal though the body is silent";

describe.each<NodeOptions>([{ status: "write" }, { status: "none" }])("A Node guest, status file: $status", (node) => {
  let served: ServedGuest;
  let current = "";
  const named: Middleware = (application) => (environ, startResponse) => {
    environ["conformance.case"] = encodeURIComponent(current);
    return application(environ, startResponse);
  };
  beforeAll(async () => {
    served = await serveNode(node, { threads: 4, bodyMemoryBytes: 1000, bodyFileBytes: 100_000 }, named);
  });
  afterAll(() => served.close());

  const lacks = node.status === "none" ? (["client-leaves"] as const) : [];
  const leftOut = runConformance(
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    (name, run) => name === UNHEARD || test(name, run),
    {
      lacks,
      serve(_application, testCase) {
        current = testCase.name;
        return {
          client: new TestClient(`http://127.0.0.1:${served.port}`),
          close() {
            current = "";
          },
        };
      },
    },
  );

  test("no case is left out but those of clients that leave, where it does not look", () => {
    expect(leftOut.length > 0).toBe(node.status === "none");
  });

  test.each([
    ["in memory", 100],
    ["in a file", 50_000],
    ["streamed", 500_000],
  ])("echoes a body %s", async (_where, size) => {
    const body = Buffer.alloc(size, "0123456789");
    const answer = await served.get("/echo", { method: "POST", body });
    expect(answer.body.equals(body)).toBe(true);
  });

  test("gets one request at a time on each lane, however many come", async () => {
    const wanted = Array.from({ length: 200 }, (_, index) => `number=${index}`);
    const answers = await Promise.all(wanted.map((query) => served.get(`/query?${query}`)));
    expect(answers.map(({ text }) => text)).toEqual(wanted);
    expect(served.guest.stats().restarts).toBe(0);
  });

  test("an exception is a 500, and the log has its one line and its stack", async () => {
    served.errors.text = "";
    expect(await served.get("/raise")).toMatchObject({ status: 500 });
    expect(served.errors.text).toContain(
      "NodeApplicationFailed: The Node application failed at GET /raise: on purpose, at the träge path\n",
    );
    expect(served.errors.text).toContain("node-apps.ts");
  });

  test("an exception after the head breaks the answer off", async () => {
    await expect(served.get("/raise-late")).rejects.toThrow("aborted");
    expect(await served.get("/hello")).toMatchObject({ status: 200, text: "hello" });
  });
});

describe("A Node guest", () => {
  test("says what runs it", async () => {
    const served = await serveNode({ status: "write" });
    await served.close();
    expect(served.log[0]?.message).toBe(`Ready: Node ${process.version} from ${process.execPath}`);
  });

  test("that crashes is a 502 for the request that it had started, and is started again", async () => {
    const served = await serveNode({ status: "write" });
    const { text: before } = await served.get("/pid");
    expect(await served.get("/exit")).toMatchObject({ status: 502 });
    const { text: after } = await served.get("/pid");
    await served.close();
    expect(after).not.toBe(before);
    expect(served.errors.text).toMatch(/NodeProcessDied: The Node process \d+ ended .* while it worked on GET \/exit/);
  });

  test("that ends before it has marked a request as started costs three processes, and the request a 502", async () => {
    const served = await serveNode({ status: "write" });
    const [lost, ...others] = await Promise.all([
      served.get(ENDS_BEFORE_START),
      ...Array.from({ length: 8 }, () => served.get("/hello")),
    ]);
    const { restarts } = served.guest.stats();
    await served.close();
    expect(lost).toMatchObject({ status: 502 });
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(restarts).toBe(3);
    expect(served.errors.text).toContain(
      `3 Node processes ended, one after another, before they began GET ${ENDS_BEFORE_START}`,
    );
  });

  test("that never says what it has started: what it had been sent is not run again", async () => {
    const served = await serveNode({ status: "none" });
    const answer = await served.get(ENDS_BEFORE_START);
    const { restarts } = served.guest.stats();
    await served.close();
    expect([answer.status, restarts]).toEqual([502, 1]);
  });

  test("hears that a client has left, and goes on with the next", async () => {
    const served = await serveNode({ status: "write" });
    const socket = connect(served.port, "127.0.0.1");
    socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    await eventually(() => served.errors.text.includes("the client of /endless has left"), "the guest to hear it");
    expect(await served.get("/hello")).toMatchObject({ status: 200 });
    expect(served.guest.stats().restarts).toBe(0);
    await served.close();
  });

  test("that does not hear it is replaced at the deadline", async () => {
    const served = await serveNode({ status: "none" }, { deadlineSeconds: 1 });
    const socket = connect(served.port, "127.0.0.1");
    socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    expect(await served.get("/hello")).toMatchObject({ status: 200, text: "hello" });
    expect(served.guest.stats().replacements).toBe(1);
    await served.close();
  });

  test("that does not answer is a 504, and the log has what it says it is at", async () => {
    const served = await serveNode({ status: "write" }, { deadlineSeconds: 1 });
    expect(await served.get("/stuck")).toMatchObject({ status: 504 });
    await served.close();
    expect(served.errors.text).toMatch(/NodeDeadlineMissed: .* GET \/stuck within 1 s .*\nat \/stuck\n/);
  });
});
