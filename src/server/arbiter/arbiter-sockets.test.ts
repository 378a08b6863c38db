import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { options, running, types, workerOf } from "../../../test/server/arbiter-double.ts";
import { canReusePort } from "../sockets/bound-socket.ts";
import { type Listener, openListeners } from "../sockets/listeners.ts";
import { ArbiterSockets } from "./arbiter-sockets.ts";

const open = new Set<Listener>();

/** Closes them when the test has ended. */
function kept(listeners: readonly Listener[]): readonly Listener[] {
  for (const listener of listeners) open.add(listener);
  return listeners;
}

let directory: string;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "tsgi-sockets-"))));

afterEach(() => {
  for (const listener of open) listener.close();
  open.clear();
  rmSync(directory, { recursive: true, force: true });
});

/** The port of the first one. */
function portOf([listener]: readonly Listener[]): number {
  return listener?.address.kind === "tcp" ? listener.address.port : 0;
}

function binds(listeners: readonly Listener[]): string[] {
  return listeners.map(({ bind }) => bind);
}

test("opens the addresses of the settings, in their order", async () => {
  const path = join(directory, "site.sock");
  const sockets = new ArbiterSockets([]);
  const listeners = kept(await sockets.open(options({ bind: ["127.0.0.1:0", `unix:${path}`] })));
  expect(binds(listeners)).toEqual(["127.0.0.1:0", `unix:${path}`]);
  expect(portOf(listeners)).toBeGreaterThan(0);
  expect(statSync(path).isSocket()).toBe(true);
  expect(sockets.areActivated).toBe(false);
});

test("unix sockets have the mode that the setting umask leaves", async () => {
  const path = join(directory, "site.sock");
  kept(await new ArbiterSockets([]).open(options({ bind: [`unix:${path}`], umask: 0o077 })));
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("sockets from the arbiter before it stand in for the addresses of the settings", async () => {
  const [before] = await openListeners(["127.0.0.1:0"]);
  if (before === undefined) throw new Error("Nothing listens");
  // The new arbiter closes the descriptor.
  before.surrender();
  const sockets = new ArbiterSockets([{ fd: before.fd, bind: before.bind }]);
  const [listener] = kept(await sockets.open(options({ bind: ["127.0.0.1:1", "127.0.0.1:2"] })));
  expect(listener).toMatchObject({ bind: "127.0.0.1:0", address: before.address });
});

test("a reload keeps the sockets whose address stays, and opens those that are new, in the new order", async () => {
  const [first = "", second = "", third = ""] = ["a", "b", "c"].map((name) => `unix:${join(directory, name)}`);
  const sockets = new ArbiterSockets([]);
  const current = kept(await sockets.open(options({ bind: [first, second] })));
  const { all, opened } = await sockets.reopen(options({ bind: [third, second] }), current);
  kept(opened);
  expect(binds(all)).toEqual([third, second]);
  expect(binds(opened)).toEqual([third]);
  expect(all[1]).toBe(current[1]);
  // What the old generation uses is closed when the reload has taken place, not here.
  expect(existsSync(join(directory, "a"))).toBe(true);
});

test("a reload that cannot open one address closes those that it has opened, and touches none that were open", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const [own, fresh] = [join(directory, "own"), join(directory, "fresh")];
  const sockets = new ArbiterSockets([]);
  const current = kept(await sockets.open(options({ bind: [`unix:${own}`] })));
  const wanted = options({ bind: [`unix:${fresh}`, `127.0.0.1:${port}`] });
  await expect(sockets.reopen(wanted, current)).rejects.toThrow("the address is in use by another process");
  expect([existsSync(own), existsSync(fresh)]).toEqual([true, false]);
});

test("--dispatch reuse-port is opened by a Node that can share ports, and another says which one can", async () => {
  const wanted = options({ bind: ["127.0.0.1:0"], dispatch: "reuse-port" });
  const sockets = new ArbiterSockets([]);
  onTestFinished(() => sockets.stopAccepting(true));
  const outcome = await sockets.open(wanted).then(
    (listeners) => `${listeners.length} opened`,
    ({ message }: Error) => message,
  );
  expect(outcome).toMatch(canReusePort() ? /^1 opened$/ : /it needs Node 22\.12 or later/);
});

/** An arbiter's sockets, which it accepts on if it is to. */
async function accepting(dispatch: "shared" | "dispatch") {
  const state = running({ bind: ["127.0.0.1:0"], dispatch });
  const sockets = new ArbiterSockets([]);
  const listeners = await sockets.open(state.options);
  await sockets.accept(state.options, listeners, state.workers);
  onTestFinished(() => sockets.stopAccepting(true));
  return { state, sockets, listeners };
}

test("in dispatch mode the arbiter accepts; what comes before a worker serves waits for one", async () => {
  const { state, sockets, listeners } = await accepting("dispatch");
  const worker = workerOf(state, 1, "booting");
  const client = connect(portOf(listeners), "127.0.0.1").on("error", () => {});
  onTestFinished(() => void client.destroy());
  await once(client, "connect");
  sockets.workerCame();
  expect(worker.told).toEqual([]);
  worker.worker.phase = "serving";
  const handedOut = (): string[] => {
    sockets.workerCame();
    return types(worker.told);
  };
  await expect.poll(handedOut).toEqual(["connection"]);
});

test("in the other modes the arbiter does not listen: that is for the workers", async () => {
  const { listeners } = await accepting("shared");
  kept(listeners);
  const client = connect(portOf(listeners), "127.0.0.1");
  const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});
