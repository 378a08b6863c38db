// The conformance list against our own server: over TCP, over a unix socket, and over TLS.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type ServerOptions, makeServer } from "../../server/make-server.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { TestClient, type TestClientOptions } from "../test-client.ts";
import { runConformance } from "./run-conformance.ts";

const folder = mkdtempSync(join(tmpdir(), "tsgi-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));

function selfSigned(): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const output = ["-keyout", key, "-out", cert, "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...newKey, ...output, ...subject], { stdio: "pipe" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

const tls = selfSigned();
const ways: [way: string, host: string, server: ServerOptions, client: TestClientOptions][] = [
  ["TCP", "127.0.0.1", {}, {}],
  ["a unix socket", `unix:${join(folder, "socket")}`, {}, {}],
  ["TLS", "127.0.0.1", { tls }, { tls: { ca: tls.cert } }],
];

describe.each(ways)("Over %s", (_, host, serverOptions, clientOptions) => {
  const leftOut = runConformance(test, {
    async serve(application) {
      const server = makeServer(host, 0, application, { ...serverOptions, errors: new StringErrorStream() });
      await server.listen();
      return { client: new TestClient(server.url, clientOptions), close: () => server.close(0) };
    },
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});
