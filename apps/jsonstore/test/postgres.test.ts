// The same suite as with SQLite, against a real server of PostgreSQL.
import { afterAll, beforeAll, describe } from "vitest";
import { POSTGRES, PostgresServer } from "./postgres-server.ts";
import { useEngine } from "./test-engine.ts";

describe.skipIf(POSTGRES === undefined)("with PostgreSQL", async () => {
  const server = new PostgresServer();
  beforeAll(async () => useEngine(await server.start()));
  afterAll(() => server.remove());

  await import("./api.test.ts");
  await import("./children.test.ts");
  await import("./patches.test.ts");
  await import("./watch.test.ts");
  // Each step is many small transactions.
  process.env["JSONSTORE_STEPS"] ??= "100";
  await import("./random-operations.test.ts");
  process.env["JSONSTORE_ROUNDS"] ??= "2";
  await import("./crash.test.ts");
});
