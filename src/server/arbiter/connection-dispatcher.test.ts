import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { running, workerOf, type WorkerDouble } from "../../../test/server/arbiter-double.ts";
import { openListeners, type Listener } from "../sockets/listeners.ts";
import { ConnectionDispatcher } from "./connection-dispatcher.ts";

let state: ReturnType<typeof running>;
let listeners: readonly Listener[];
let dispatcher: ConnectionDispatcher;
const clients: Socket[] = [];

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

let port: number;

beforeEach(async () => {
  port = await freePort();
  state = running();
  listeners = await openListeners([`127.0.0.1:${port}`], { isReusable: false, umask: 0 });
  dispatcher = new ConnectionDispatcher(() => state.workers, 16);
  await dispatcher.update(listeners);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await dispatcher.close(true);
});

function connectClients(count: number): void {
  for (let index = 0; index < count; index += 1) {
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    clients.push(client);
  }
}

/** Waits until the workers were told of that many connections in all. */
async function sawConnections(count: number, ...workers: readonly WorkerDouble[]): Promise<void> {
  await expect.poll(() => workers.flatMap(({ told }) => told)).toHaveLength(count);
}

test("each connection goes to the worker that has the fewest", async () => {
  const [busy, idle] = [workerOf(state, 1, "serving"), workerOf(state, 2, "serving")];
  busy.worker.dispatched = 4;
  connectClients(3);
  await sawConnections(3, busy, idle);
  expect([busy.told.length, idle.told.length]).toEqual([0, 3]);
  connectClients(4);
  await sawConnections(7, busy, idle);
  expect(busy.worker.dispatched + idle.worker.dispatched).toBe(11);
  expect(Math.abs(busy.worker.dispatched - idle.worker.dispatched)).toBe(1);
});

test("a worker is told at which address a connection came", async () => {
  const only = workerOf(state, 1, "serving");
  connectClients(1);
  await sawConnections(1, only);
  expect(only.told).toEqual([{ type: "connection", bind: `127.0.0.1:${port}` }]);
});

test("workers that do not serve get none, and what found no worker waits for one", async () => {
  const booting = workerOf(state, 1, "booting");
  const draining = workerOf(state, 2, "draining");
  connectClients(2);
  await expect.poll(() => clients.every(({ connecting }) => !connecting)).toBe(true);
  booting.worker.phase = "serving";
  const handedOut = (): number => {
    dispatcher.workerCame();
    return booting.told.length;
  };
  await expect.poll(handedOut).toBe(2);
  expect(draining.told).toEqual([]);
});

test("a connection that a worker could not be given is closed, and does not count for it", async () => {
  const gone = workerOf(state, 1, "serving");
  gone.child.connected = false;
  const client = connect(port, "127.0.0.1");
  clients.push(client);
  await new Promise((resolve) => client.on("error", () => {}).once("close", resolve));
  expect(gone.worker.dispatched).toBe(0);
});

test("an address that a reload has given up takes no more connections", async () => {
  const only = workerOf(state, 1, "serving");
  await dispatcher.update([]);
  for (const listener of listeners) listener.close();
  const client = connect(port, "127.0.0.1");
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => client.once("error", resolve));
  expect(error.code).toBe("ECONNREFUSED");
  expect(only.told).toEqual([]);
});
