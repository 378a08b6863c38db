// The conformance list against our own server, over TCP.
import { describe, expect, test } from "vitest";
import { makeServer } from "../../server/make-server.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { TestClient } from "../test-client.ts";
import { runConformance } from "./run-conformance.ts";

describe("Over TCP", () => {
  const leftOut = runConformance(test, {
    async serve(application) {
      const server = makeServer("127.0.0.1", 0, application, { errors: new StringErrorStream() });
      await server.listen();
      return { client: new TestClient(server.url), close: () => server.close(0) };
    },
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});
