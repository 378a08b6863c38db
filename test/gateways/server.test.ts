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
