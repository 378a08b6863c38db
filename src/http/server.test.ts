import { expect, onTestFinished, test } from "vitest";

import { Wire } from "../../test/engine/wire.ts";
import { HttpGateway } from "../gateways/http/gateway.ts";
import { rawRequest } from "../testing/raw-request.ts";
import { HttpServer } from "./server.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

async function begin(): Promise<{ server: HttpServer; wire: Wire; finish: () => void; port: number }> {
  let finish: () => void = () => {};
  const server = new HttpServer(
    new HttpGateway((environ, startResponse) => {
      startResponse("200 OK", []);
      if (environ.PATH_INFO !== "/stream") return [Buffer.from(environ.PATH_INFO)];
      return (async function* streaming() {
        yield Buffer.from("first");
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      })();
    }),
    { limits: { keepAliveTimeoutSeconds: 1000 } },
  );
  onTestFinished(() => server.close(0));
  const bound = (await server.listen({ host: "127.0.0.1", port: 0 })).address();
  const port = typeof bound === "object" ? (bound?.port ?? 0) : 0;
  const wire = await Wire.open({ host: "127.0.0.1", port });
  wire.send(get("/stream"));
  await wire.until("first");
  return { server, wire, finish: () => finish(), port };
}

test("a drain that began within an answer lets the next request come, and says that it is the last", async () => {
  const { server, wire, finish } = await begin();
  server.beginDrain(1000);
  finish();
  await wire.until("0\r\n\r\n");
  wire.send(get("/next"));
  expect(await wire.ended()).toMatch(/Connection: close\r\n\r\n\/next$/);
});

test("a drain that leaves no time to idle connections ends behind the answer", async () => {
  const { server, wire, finish, port } = await begin();
  server.beginDrain(0);
  expect((await rawRequest({ host: "127.0.0.1", port }, get("/x"))).text).toContain("Connection: close");
  finish();
  expect(await wire.ended()).toMatch(/0\r\n\r\n$/);
});
