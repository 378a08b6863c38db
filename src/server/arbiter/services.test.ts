import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../../../test/free-port.ts";
import { notedLog, options } from "../../../test/server/arbiter-double.ts";
import type { ArbiterControl } from "../control/arbiter-control.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { Services } from "./services.ts";

/** The page of health asks the arbiter nothing. */
const CONTROL = {} as ArbiterControl;

let directory: string;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "tsgi-services-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Settings of a daemon: nothing depends on whether npm runs these tests. */
function settings(more: Partial<ArbiterOptions> = {}): ArbiterOptions {
  return options({ daemon: true, ...more });
}

function made(more: Partial<ArbiterOptions> = {}) {
  const { log, lines } = notedLog();
  const services = new Services(settings(more), log);
  onTestFinished(() => services.close());
  return { services, lines };
}

/** Whether the stats server answers there. */
async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false;
  }
}

test("starts what the settings ask for, and says where", async () => {
  const port = await freePort();
  const path = join(directory, "control.sock");
  const { services, lines } = made({ stats: `127.0.0.1:${port}`, controlSocket: path });
  await services.start(CONTROL);
  expect([await answers(port), existsSync(path)]).toEqual([true, true]);
  expect(lines).toEqual([`INFO Statistics at: 127.0.0.1:${port}`, `INFO Control socket at: unix:${path}`]);
  await services.close();
  expect([await answers(port), existsSync(path)]).toEqual([false, false]);
});

test("starts nothing that the settings do not ask for", async () => {
  const { services, lines } = made();
  await services.start(CONTROL);
  expect(lines).toEqual([]);
});

/** A port that another server has. */
async function takenPort(): Promise<{ port: number; release: () => Promise<unknown> }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const release = (): Promise<unknown> => once(server.close(), "close");
  onTestFinished(() => void server.close());
  return { port, release };
}

test("a service that cannot start is an error of the start", async () => {
  const { port } = await takenPort();
  const { services } = made({ stats: `127.0.0.1:${port}` });
  await expect(services.start(CONTROL)).rejects.toMatchObject({ code: "ERR_TSGI_ADDRESS_IN_USE" });
});

test("in an upgrade, an address that the old server still has is tried again until it is free", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.stubEnv("TSGI_UPGRADE_FROM", "1");
  onTestFinished(() => void vi.useRealTimers());
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port, release } = await takenPort();
  const { services, lines } = made({ stats: `127.0.0.1:${port}` });
  await services.start(CONTROL);
  expect(lines).toEqual([]);
  await release();
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(500);
  await expect.poll(() => lines).toEqual([`INFO Statistics at: 127.0.0.1:${port}`]);
  expect(await answers(port)).toBe(true);
});

test("in an upgrade, nothing is tried again once the server has ended", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.stubEnv("TSGI_UPGRADE_FROM", "1");
  onTestFinished(() => void vi.useRealTimers());
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port } = await takenPort();
  const { services } = made({ stats: `127.0.0.1:${port}` });
  await services.start(CONTROL);
  await services.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("a reload opens a new address beside the old one, which is closed when the reload has taken place", async () => {
  const [before, after] = [await freePort(), await freePort()];
  const { services, lines } = made({ stats: `127.0.0.1:${before}` });
  await services.start(CONTROL);
  const prepared = await services.prepare(settings({ stats: `127.0.0.1:${after}` }));
  expect([await answers(before), await answers(after)]).toEqual([true, true]);
  expect(lines).toHaveLength(1);
  prepared.commit();
  expect([await answers(before), await answers(after)]).toEqual([false, true]);
  expect(lines.at(-1)).toBe(`INFO Statistics at: 127.0.0.1:${after}`);
});

test("a reload that is given up closes what it has opened, and leaves what was there", async () => {
  const [before, after] = [await freePort(), await freePort()];
  const { services } = made({ stats: `127.0.0.1:${before}` });
  await services.start(CONTROL);
  (await services.prepare(settings({ stats: `127.0.0.1:${after}` }))).abort();
  expect([await answers(before), await answers(after)]).toEqual([true, false]);
});

test("a reload whose second service cannot start closes the first one again", async () => {
  const [before, after] = [await freePort(), await freePort()];
  const { services } = made({ stats: `127.0.0.1:${before}` });
  await services.start(CONTROL);
  const wrong = settings({ stats: `127.0.0.1:${after}`, controlSocket: join(directory, "none", "control.sock") });
  await expect(services.prepare(wrong)).rejects.toThrow("Cannot listen");
  expect([await answers(before), await answers(after)]).toEqual([true, false]);
});

test("a reload touches no service whose settings stay, and ends one that is no longer asked for", async () => {
  const port = await freePort();
  const path = join(directory, "control.sock");
  const { services, lines } = made({ stats: `127.0.0.1:${port}`, controlSocket: path });
  await services.start(CONTROL);
  (await services.prepare(settings({ stats: `127.0.0.1:${port}`, timeout: 7 }))).commit();
  await expect.poll(() => existsSync(path)).toBe(false);
  expect(await answers(port)).toBe(true);
  expect(lines).toHaveLength(2);
});
