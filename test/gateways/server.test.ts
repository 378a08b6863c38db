// The command with addresses for web servers in front: modes of sockets, each way to dispatch, reload and stop with a request in hand.
import { existsSync, statSync } from "node:fs";
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
