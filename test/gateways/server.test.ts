// The command with addresses for web servers in front: modes of sockets, each way to dispatch, reload and stop with a request in hand.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";

import { encodePairs } from "../../src/protocols/fastcgi/pairs.ts";
import { encodeRequest, KEEP_CONNECTION } from "../../src/protocols/fastcgi/record.ts";
import { encodeScgiHead } from "../../src/protocols/scgi/scgi-head.ts";
import { encodeUwsgiHead } from "../../src/protocols/uwsgi/uwsgi-head.ts";
import type { Variable } from "../../src/protocols/variables.ts";
import { ServerProject, until } from "../server/server-project.ts";
import { Peer } from "./served-front.ts";

const server = new ServerProject();
afterEach(() => server.clean());

async function ask(path: string, bytes: Buffer): Promise<Peer> {
  const peer = new Peer(connect({ path: server.project.path(path) }));
  await peer.isConnected;
  peer.send(bytes);
  return peer;
}

function variables(path: string): Variable[] {
  return [
    ["REQUEST_METHOD", "GET"],
    ["PATH_INFO", path],
    ["REQUEST_URI", path],
  ];
}

function fastcgi(path: string): Buffer {
  return encodeRequest(1, encodePairs(variables(path)), new Uint8Array(0), KEEP_CONNECTION);
}

describe.each(["shared", "dispatch"])("tsgi --dispatch %s, behind web servers", (dispatch) => {
  test("answers in each protocol, reloads and stops without losing a request", async () => {
    const addresses = ["fastcgi:unix:f", "scgi:unix:s?mount=/shop", "uwsgi:unix:u", "127.0.0.1:0"];
    const command = server.start(["--dispatch", dispatch, ...addresses.flatMap((address) => ["-b", address])]);
    const port = await command.port();
    expect(statSync(server.project.path("f")).mode & 0o777).toBe(0o660);
    expect(await (await fetch(`http://127.0.0.1:${port}/version`)).text()).toBe("one");
    const kept = await ask("f", fastcgi("/version"));
    await kept.saw("\r\n\r\none");
    await (await ask("s", encodeScgiHead(variables("/shop/version")))).saw("Status: 200 OK\r\n");
    await (await ask("s", encodeScgiHead(variables("/other")))).saw("Status: 404 Not Found\r\n");
    await (await ask("u", encodeUwsgiHead(variables("/version")))).saw("HTTP/1.1 200 OK\r\n");
    // The way to a worker is what is different; a stop takes seconds.
    if (dispatch === "dispatch") return;

    const held = await ask("f", fastcgi(`/hold/${dispatch}`));
    await until(() => existsSync(server.project.path(`${dispatch}.begun`)));
    server.deploy("two");
    command.signal("SIGHUP");
    await until(async () => {
      const peer = await ask("f", fastcgi("/version"));
      await peer.saw("\x01\x03");
      return peer.text.includes("\r\n\r\ntwo");
    });
    command.signal("SIGTERM");
    server.project.write(`${dispatch}.released`, "");
    await held.saw("\r\n\r\none ");
    const result = await command.result;
    expect(result.code).toBe(0);
    expect(existsSync(server.project.path("f"))).toBe(false);
    server.deploy("one");
  });
});

test("peers that send nonsense cannot fill the log: each gets its answer, and all of them are a few lines with a number", async () => {
  const addresses = ["fastcgi:unix:f", "scgi:unix:s", "uwsgi:unix:u", "unix:h"];
  const command = server.start(addresses.flatMap((address) => ["-b", address]));
  await command.saw("Listening at");
  const nonsense = Buffer.from("\x02nonsense\r\n\r\n", "latin1");
  for (let round = 0; round < 25; round += 1) {
    await Promise.all(["f", "s", "u", "h"].map(async (path) => (await ask(path, nonsense)).ended()));
  }
  const { stderr } = await command.stop();
  const lines = stderr.split("\n").filter((line) => /invalid/i.test(line));
  const single = lines.filter((line) => line.includes("Invalid "));
  const counts = lines.map((line) => Number(/ (\d+) more invalid requests /.exec(line)?.[1] ?? 0));
  // On a busy machine they come in more than one span of ten seconds.
  expect(single.length).toBeLessThanOrEqual(5 * (counts.filter((count) => count > 0).length + 1));
  expect(single.length).toBeLessThan(100);
  expect(single.length + counts.reduce((sum, count) => sum + count, 0)).toBe(100);
});

const MEGABYTE = 1024 * 1024;

/** Descriptors and resident memory, in bytes, of a process. */
function useOf(pid: number): { descriptors: number; memory: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, memory: pages * 4096 };
}

test.runIf(process.platform === "linux")(
  "hundreds of heads and bodies that never end: memory has a bound, and descriptors come back",
  async () => {
    const command = server.start(["-b", "scgi:unix:s", "-b", "uwsgi:unix:u", "--timeout", "2"]);
    await command.saw("Listening at");
    const pidPeer = await ask("s", encodeScgiHead(variables("/pid")));
    await pidPeer.ended();
    const worker = Number(pidPeer.text.split("\r\n\r\n")[1]);
    const before = useOf(worker);
    const endless: Variable[] = [["CONTENT_LENGTH", "900000000"], ...variables("/never")];
    const heads = {
      s: Buffer.from(`65000:${"x".repeat(64_000)}`),
      u: Buffer.from(`\0\xe8\xfd\0${"x".repeat(64_000)}`, "latin1"),
    };
    const bodies = { s: encodeScgiHead(endless), u: encodeUwsgiHead(endless) };
    const memory: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const peers: Peer[] = [];
      for (let count = 0; count < 100; count += 1) {
        for (const path of ["s", "u"] as const) {
          peers.push(await ask(path, heads[path]), await ask(path, bodies[path]));
          peers.at(-1)?.send(Buffer.alloc(MEGABYTE));
        }
      }
      const inTheirMidst = await ask("u", encodeUwsgiHead(variables("/version")));
      await inTheirMidst.saw("\r\n\r\none");
      memory.push(useOf(worker).memory);
      for (const peer of peers) peer.destroy();
      // Who does not read does not see either that the other side has gone: the deadline of the requests ends the rest.
      await until(() => useOf(worker).descriptors <= before.descriptors + 10);
    }
    // 200 heads of 64 KB and 200 bodies of which 256 KB and a piece or two are read: 400 MB of bodies were sent.
    expect(memory[0] ?? 0).toBeLessThan(before.memory + 250 * MEGABYTE);
    expect(memory[1] ?? 0).toBeLessThan((memory[0] ?? 0) + 100 * MEGABYTE);
  },
);
