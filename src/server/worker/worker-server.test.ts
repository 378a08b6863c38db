// What settings, hooks and logs make of the engine and its gateway; over real sockets.
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Wire } from "../../../test/engine/wire.ts";
import { notedLog, options } from "../../../test/server/arbiter-double.ts";
import type { AccessEntry } from "../../gateways/access-entry.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { RefusalLog } from "../logging/refusal-log.ts";
import { WorkerCounters } from "../metrics/worker-counters.ts";
import type { Hooks } from "../settings/hooks.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { makeGateway, makeWorkerServer } from "./worker-server.ts";

const GAUGES = { inFlight: 0, connections: 0, logged: [0, 0, 0], guests: {}, upstreams: { addresses: [], queues: [] } };

/** Answers with what it sees of the request. */
const application: WSGIApplication = ({ SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, ...environ }, startResponse) => {
  startResponse("200 OK", [["X-Own", "1"]]);
  const seen = [SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, environ["wsgi.multiprocess"], environ["test.hook"]];
  return [Buffer.from(seen.map(String).join(" "), "latin1")];
};

/** A worker's server with these settings, and what it told. */
async function serving(settings: Partial<ArbiterOptions> = {}, hooks: Hooks = {}, path?: string) {
  const { log, lines } = notedLog();
  const counters = new WorkerCounters();
  const entries: AccessEntry[] = [];
  const begun: number[] = [];
  const gateway = makeGateway(application, options(settings), {
    log,
    refusals: new RefusalLog(log),
    logAccess: (entry) => void entries.push(entry),
    counters,
    hooks,
    hookWorker: { pid: process.pid, id: 1, log },
    begun: (count) => void begun.push(count),
    timedOut: () => {},
  });
  const server = makeWorkerServer(gateway, options(settings));
  onTestFinished(() => server.close(0));
  const listener = await server.listen(path === undefined ? { host: "127.0.0.1", port: 0 } : { path });
  const where = path === undefined ? { host: "127.0.0.1", port: (listener.address() as AddressInfo).port } : { path };
  /** Sends bytes and gives the whole answer. */
  const ask = async (bytes: string): Promise<string> => {
    const wire = (await Wire.open(where)).send(bytes);
    await expect.poll(() => wire.ending).not.toBeNull();
    return wire.text;
  };
  const get = async (target = "/", before = ""): Promise<string> =>
    (await ask(`${before}GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)).split("\r\n\r\n")[1] ?? "";
  return { ask, get, lines, counters, entries, begun, gateway };
}

test("each request is counted, written to the access log and told with its number", async () => {
  const { get, counters, entries, begun } = await serving();
  await get("/a");
  await get("/b");
  expect(counters.snapshot(GAUGES)).toMatchObject({ requests: 2, statuses: [[200, 2]] });
  expect(entries.map(({ environ, status }) => [environ.PATH_INFO, status])).toEqual([
    ["/a", 200],
    ["/b", 200],
  ]);
  expect(begun).toEqual([1, 2]);
});

test.each([
  ["/shop", "/shop /cart"],
  ["/shop/", "/shop /cart"],
  ["/caf\u00e9", "/caf\u00c3\u00a9 /cart"],
])("with the script name %j, clients see the application there", async (scriptName, seen) => {
  const { get } = await serving({ scriptName });
  expect(await get(`${encodeURI(scriptName.replace(/\/$/, ""))}/cart`)).toContain(seen);
});

test.each([
  [1, "false"],
  [2, "true"],
])("with %i workers, wsgi.multiprocess is %s", async (workers, isMultiprocess) => {
  expect((await (await serving({ workers })).get()).split(" ")[3]).toBe(isMultiprocess);
});

test("an application hears from the hook preRequest first", async () => {
  const { get } = await serving({}, { preRequest: (_, environ) => void (environ["test.hook"] = "seen") });
  expect(await get()).toMatch(/ seen$/);
});

test("the hook postRequest gets the request, its status and headers; when it throws, the log says so and all goes on", async () => {
  const heard: unknown[] = [];
  const { get, lines, counters } = await serving(
    {},
    {
      postRequest(worker, { PATH_INFO }, response) {
        heard.push([worker.id, PATH_INFO, response]);
        throw new Error("of the hook");
      },
    },
  );
  await get("/a");
  await get("/b");
  expect(heard[1]).toEqual([1, "/b", { status: 200, headers: [["X-Own", "1"]] }]);
  expect(counters.snapshot(GAUGES).requests).toBe(2);
  expect(lines.filter((line) => line.includes("of the hook"))).toHaveLength(2);
});

test("a request that is refused is in the log with its address, and nothing of it as control characters", async () => {
  const { ask, lines } = await serving();
  expect(await ask("GET / HTTP/1.1\r\nHost: h\r\nBad\u001bName: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(lines).toEqual([expect.stringMatching(/^WARNING Invalid request from ip=127\.0\.0\.1: [ -~]+$/)]);
});

test("accepting that fails with each turn of the event loop does not fill the log", async () => {
  const { gateway, lines } = await serving();
  for (let count = 0; count < 100; count += 1) gateway.acceptFailed(new Error("accept EMFILE"));
  expect(lines).toEqual(["ERROR Cannot accept connections: accept EMFILE; open connections are still served"]);
});

const PROXY = "PROXY TCP4 203.0.113.9 10.0.0.1 5001 443\r\n";

test("without the setting, the PROXY protocol is not spoken", async () => {
  expect(await (await serving()).ask(PROXY)).toMatch(/^HTTP\/1\.1 400 /);
});

test("the PROXY protocol is taken from the addresses of the settings only", async () => {
  const trusting = await serving({ proxyProtocol: "auto", proxyAllowIps: ["127.0.0.1"] });
  expect(await trusting.get("/", PROXY)).toContain(" 203.0.113.9 ");
  const strict = await serving({ proxyProtocol: "auto", proxyAllowIps: ["192.0.2.1"] });
  expect(await strict.ask(PROXY)).not.toContain("203.0.113.9");
});

test("a peer on a unix socket may always speak the PROXY protocol: it is a front end of this machine", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-worker-server-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const { get } = await serving({ proxyProtocol: "auto", proxyAllowIps: [] }, {}, join(directory, "s"));
  expect(await get("/", PROXY)).toContain(" 203.0.113.9 ");
});
