// The conformance list with a CGI program behind the guest: it is started for each request, and lets our own CGI gateway answer.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cgiApplication } from "../../src/guests/cgi/cgi-application.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import { relayProgram } from "../gateways/cgi-relay.ts";
import { Served } from "../gateways/served.ts";
import { program } from "../needs.ts";

const perl = program("perl");

/** SIGTERM ends the relay, but whom it passes requests on to hears of that only while it reads or writes. */
const UNHEARD = "A client that leaves fires the signal though the body is silent";

describe.skipIf(perl === undefined)("a CGI program", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-cgi-conformance-"));
  const relay = join(folder, "relay.cgi");
  let served: Served;
  let guest: ReturnType<typeof cgiApplication>;
  beforeAll(async () => {
    served = await Served.open();
    writeFileSync(relay, relayProgram(served.ports.cgi));
    chmodSync(relay, 0o755);
    guest = cgiApplication({ program: relay, streamChunked: true, authorization: "pass" });
  });
  afterAll(async () => {
    await guest.close();
    await served.close();
    rmSync(folder, { recursive: true });
  });

  const register = (name: string, run: () => Promise<void>): void => {
    if (name === UNHEARD) return;
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    test(name, run);
  };
  const leftOut = runConformance(register, {
    // The end of an answer without a length is the end of its program, which has no way to say that it is not whole. Early hints have no place
    // in CGI.
    lacks: ["early-hints", "break-off"],
    async serve(application) {
      served.application = application;
      const server = makeServer("127.0.0.1", 0, guest, { errors: new StringErrorStream() });
      await server.listen();
      return { client: new TestClient(server.url), close: () => server.close(0) };
    },
  });

  test("what it cannot carry is known", () => {
    expect(leftOut).toEqual([
      "A generator that throws after its first chunk breaks the answer off",
      "An async generator that throws after its first chunk breaks the answer off",
      "excInfo after the first chunk is thrown again, which breaks the answer off",
      "A streamed body shorter than its Content-Length breaks the answer off",
      "close() is called once when the body throws later",
      "Early hints reach the client before the response",
    ]);
  });
});
