// What a client can make an application believe through a real nginx that has the lines of our documentation, or fewer.
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { FORWARDED_FIELDS, type ForwardedField } from "../../src/gateways/forwarded.ts";
import { TrustedProxies } from "../../src/gateways/trusted-proxies.ts";
import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { program } from "../needs.ts";
import { startNginx } from "./nginx.ts";
import { serve } from "./serve.ts";
import { bodiesOf } from "./wire.ts";

const nginx = program("nginx");
const KEYS = ["REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME", "PATH_INFO"];
const tell: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify(Object.fromEntries(KEYS.map((key) => [key, environ[key]]))))];
};
const FORGED = [
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Port: 666",
  "X-Forwarded-Prefix: /evil",
  "Forwarded: for=6.6.6.6;host=evil.example;proto=https",
  "SCRIPT_NAME: /evil",
];
const LINES = [...readFileSync("docs/proxies.md", "utf8").matchAll(/^ {4}(proxy_set_header .*;)$/gm)].map(
  ([, line = ""]) => line,
);

async function askForged(fields: readonly ForwardedField[] | undefined, lines: readonly string[]): Promise<unknown> {
  const trusted = { trustedProxies: TrustedProxies.parse("127.0.0.1"), forwardedFields: fields };
  const { address } = await serve(tell, trusted);
  const port = await startNginx(nginx ?? "", `127.0.0.1:${"port" in address ? address.port : 0}`, lines, "1.1");
  const request = ["GET /evil/x HTTP/1.1", "Host: shop.example", "Connection: close", ...FORGED, "", ""].join("\r\n");
  const { text } = await rawRequest({ host: "127.0.0.1", port }, request);
  return JSON.parse(bodiesOf(text)[0] ?? "") as unknown;
}

const TRUTH = {
  REMOTE_ADDR: "127.0.0.1",
  "wsgi.url_scheme": "http",
  HTTP_HOST: "shop.example",
  SERVER_NAME: "shop.example",
  SERVER_PORT: "80",
  SCRIPT_NAME: "",
  PATH_INFO: "/evil/x",
};

describe.skipIf(nginx === undefined)("a client that forges every field is not believed through nginx", () => {
  test("with the lines of the documentation, whatever fields are trusted", async () => {
    expect(LINES).toHaveLength(7);
    expect(await askForged(FORWARDED_FIELDS, LINES)).toEqual(TRUTH);
  });

  test("with lines for For and Proto alone, by default", async () => {
    const few = LINES.filter((line) => line.includes("$"));
    expect(few).toHaveLength(3);
    expect(await askForged(undefined, few)).toEqual(TRUTH);
  });
});
