// Bodies whose length nobody has said reach guests of JavaScript and Python: chunks that a front end has decoded (nginx with
// fastcgi_request_buffering off), requests of HTTP/2, what a filter has changed.
import { gzipSync } from "node:zlib";
import express from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";

import { fastcgiGateway } from "../../src/gateways/fastcgi/fastcgi-gateway.ts";
import { fetchApplication } from "../../src/guests/fetch/index.ts";
import { nodeApplication } from "../../src/guests/node/index.ts";
import { pythonApplication } from "../../src/guests/python/python-application.ts";
import { bodyLimit } from "../../src/middleware/body-limit.ts";
import { decompress } from "../../src/middleware/decompress.ts";
import { encodePairs } from "../../src/protocols/fastcgi/pairs.ts";
import { encodeRequest } from "../../src/protocols/fastcgi/record.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { ServedFront } from "../gateways/served-front.ts";
import { venvPython } from "../needs.ts";
import { APPS, PYTHON } from "../python/serve-python.ts";

const hono = new Hono();
hono.post("/", async (context) => context.json(await context.req.json()));
const web = express().use(express.json());
web.post("/", (request, response) => void response.json(request.body));
web.get("/", (request, response) => {
  response.json(request.headers["transfer-encoding"] ?? (request.complete ? "no body" : "a body to come"));
});

const GUESTS: readonly (readonly [name: string, guest: WSGIApplication])[] = [
  ["Hono", fetchApplication(hono)],
  ["Express", nodeApplication(web)],
];

let served: ServedFront | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** What a guest answers to a request of FastCGI. */
async function askByFastCGI(guest: WSGIApplication, variables: Record<string, string>, body: string): Promise<string> {
  served = await ServedFront.open((calls) => fastcgiGateway(calls), guest);
  const peer = await served.connect();
  const all = { CONTENT_LENGTH: "", CONTENT_TYPE: "application/json", DOCUMENT_URI: "/", ...variables };
  peer.send(encodeRequest(1, encodePairs(Object.entries(all)), Buffer.from(body), 0));
  await peer.ended();
  return peer.stdout(1);
}

describe.each(GUESTS)("%s gets the body", (_name, guest) => {
  test.each([{ HTTP_TRANSFER_ENCODING: "chunked" }, { SERVER_PROTOCOL: "HTTP/2.0" }])(
    "of a request of FastCGI with %j",
    async (variables) => {
      const answer = await askByFastCGI(guest, { REQUEST_METHOD: "POST", ...variables }, '{"a":1}');
      expect(answer).toMatch(/\r\n\r\n\{"a":1\}$/);
    },
  );

  test("that a filter has decompressed", async () => {
    const client = new TestClient(decompress()(guest), { validate: false });
    const headers = { "Content-Encoding": "gzip", "Content-Type": "application/json" };
    expect((await client.post("/", { body: gzipSync('{"a":1}'), headers })).json()).toEqual({ a: 1 });
  });
});

test.skipIf(venvPython() === undefined)("Django and Falcon get what a filter has decompressed", async () => {
  const options = { directory: APPS, python: PYTHON, log: () => {}, output: () => {} };
  const parts = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${"x".repeat(1000)}\r\n--b--\r\n`;
  for (const [target, path, type, body, seen] of [
    ["frameworks:django_app()", "/upload", "multipart/form-data; boundary=b", parts, "a 1000"],
    ["frameworks:falcon_app()", "/things", "application/json", '{"b":1}', '{"got": {"b": 1}}'],
  ] as const) {
    const guest = await pythonApplication({ ...options, target });
    try {
      const client = new TestClient(decompress()(guest.application), { validate: false });
      const headers = { "Content-Encoding": "gzip", "Content-Type": type };
      expect((await client.post(path, { body: gzipSync(body), headers })).text()).toBe(seen);
    } finally {
      await guest.close(1);
    }
  }
});

test("Express sees no body in a GET without one, also behind a filter that counts", async () => {
  const client = new TestClient(bodyLimit({ maxBytes: 5 })(nodeApplication(web)), { validate: false });
  expect((await client.get("/")).json()).toBe("no body");
  const answer = await askByFastCGI(nodeApplication(web), { REQUEST_METHOD: "GET" }, "");
  expect(answer).toMatch(/\r\n\r\n"no body"$/);
});
