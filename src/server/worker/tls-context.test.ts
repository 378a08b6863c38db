import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { options } from "../../../test/server/arbiter-double.ts";
import { SERVER_EXIT_CODES } from "../errors.ts";
import { tlsContext } from "./tls-context.ts";

function file(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, name);
  return path;
}

test("tlsContext is null without a certificate", () => {
  expect(tlsContext(options())).toBeNull();
});

test("tlsContext takes the key out of the certificate's file where no other is named", () => {
  const certfile = file("both");
  expect(tlsContext(options({ certfile }))).toMatchObject({ cert: Buffer.from("both"), key: Buffer.from("both") });
  expect(tlsContext(options({ certfile, keyfile: file("key") }))).toMatchObject({ key: Buffer.from("key") });
});

test.each([
  ["0", false, false],
  ["1", true, false],
  ["2", true, true],
] as const)("tlsContext: --cert-reqs %s", (certReqs, requestCert, rejectUnauthorized) => {
  const context = tlsContext(options({ certfile: file("cert"), certReqs, caCerts: file("ca"), ciphers: "HIGH" }));
  expect(context).toMatchObject({ requestCert, rejectUnauthorized, ca: Buffer.from("ca"), ciphers: "HIGH" });
});

test("tlsContext lets the hook change the options", () => {
  const context = tlsContext(options({ certfile: file("cert") }), () => ({ minVersion: "TLSv1.3" }));
  expect(context).toMatchObject({ minVersion: "TLSv1.3", cert: Buffer.from("cert") });
});

test("tlsContext says which file of which setting it cannot read", () => {
  expect(() => tlsContext(options({ certfile: file("cert"), keyfile: "/no/such/key" }))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^Cannot read the file "\/no\/such\/key" of --keyfile: .*ENOENT/) as string,
      exitCode: SERVER_EXIT_CODES.fileUnusable,
    }),
  );
});
