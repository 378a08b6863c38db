// A script that asks an upstream: it lives until it has its answer, also from one that takes its time, and ends then although the
// connection is kept.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";

import { OK, scripted, urlOf } from "./proxied.ts";

const SCRIPT = `
import { proxyApplication } from "tsgi/guests/proxy";
import { TestClient } from "tsgi/testing";
const client = new TestClient(proxyApplication({ upstream: process.argv[1] }), { validate: false });
for (const path of ["/a", "/b"]) console.log((await client.get(path)).text());
`;

test("a script lives until it has its answers, and no longer", async () => {
  const upstream = await scripted(async ({ saw, say }) => {
    for (const times of [1, 2]) {
      await saw("\r\n\r\n", times);
      // Longer than the pool's clock takes from one tick to the next.
      await new Promise((resolve) => setTimeout(resolve, 700));
      say(OK);
    }
  });
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT, urlOf(upstream)], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const printed = text(child.stdout);
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  expect([await printed, code, signal]).toEqual(["ok\nok\n", 0, null]);
  expect(upstream.connections.length, "it was kept, and did not hold the script").toBe(1);
});
