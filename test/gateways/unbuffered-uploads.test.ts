// A real nginx that hands uploads on as they come: the application gets all of the body, or nothing. nginx of 2025 and before announces only
// what it has read so far by SCGI, and an application would take a part for the whole.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { program } from "../needs.ts";
import { type Front, startNginx } from "./fronts.ts";
import { Served } from "./served.ts";

const nginx = program("nginx");
const PROTOCOLS = ["fastcgi", "scgi", "uwsgi"] as const;

describe.skipIf(nginx === undefined)("nginx with request_buffering off", () => {
  let served: Served;
  let front: Front;
  beforeAll(async () => {
    served = await Served.open({ mount: null });
    served.application = async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read();
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.concat([Buffer.from("got "), body])];
    };
    const servers = PROTOCOLS.map((name) => [
      name,
      `location / { ${name}_pass unix:${served.path(name)}; include /etc/nginx/${name}_params; ${name}_request_buffering off; }`,
    ]);
    front = await startNginx(nginx ?? "", Object.fromEntries(servers) as Record<string, string>);
  });
  afterAll(async () => {
    await front.close();
    await served.close();
  });

  test.each(PROTOCOLS)("%s", async (name) => {
    const text = await upload(front.ports[name] ?? 0, ["hello", " world"]);
    expect(text).toMatch(
      name === "scgi" ? /^HTTP\/1\.1 (?:411 |200 [^]*got hello world)/ : /^HTTP\/1\.1 200 [^]*got hello world/,
    );
  });
});

/** What a client gets that sends its body in parts, each of its own. */
function upload(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (data) => (text += String(data)));
    socket.on("close", () => resolve(text)).on("error", reject);
    const length = parts.join("").length;
    socket.write(`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`);
    parts.forEach((part, index) => setTimeout(() => socket.write(part), index * 100));
  });
}
