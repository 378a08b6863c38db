// A list that cannot fail proves nothing: here are gateways with one fault each, and the cases that must find it.
import { expect, test } from "vitest";
import type { Bytes, Middleware, WSGIBody } from "../../wsgi/types.ts";
import { TestClient } from "../test-client.ts";
import { conformanceCases } from "./conformance-cases.ts";
import { runConformance } from "./run-conformance.ts";

async function* withoutClose(body: WSGIBody): AsyncGenerator<Bytes> {
  for await (const chunk of body) yield chunk;
}

const faults: [fault: string, faulty: Middleware, found: RegExp][] = [
  [
    "forgets close()",
    (inner) => async (environ, startResponse) => withoutClose(await inner(environ, startResponse)),
    /^close\(\) is called once after a body/,
  ],
  [
    "keeps one Set-Cookie",
    (inner) => (environ, startResponse) =>
      inner(environ, (status, headers, excInfo) => startResponse(status, [...new Map(headers)], excInfo)),
    /^Set-Cookie may come several times/,
  ],
  [
    "decodes the path as UTF-8",
    (inner) => (environ, startResponse) =>
      inner({ ...environ, PATH_INFO: Buffer.from(environ.PATH_INFO, "latin1").toString() }, startResponse),
    /^PATH_INFO holds UTF-8 as native strings/,
  ],
  [
    "ignores excInfo",
    (inner) => (environ, startResponse) => {
      let isStarted = false;
      return inner(environ, (...call) => {
        if (isStarted) return () => {};
        isStarted = true;
        return startResponse(call[0], call[1]);
      });
    },
    /^excInfo replaces status and headers/,
  ],
];

test.each(faults)("runConformance finds a gateway that %s", async (_, faulty, found) => {
  const suspects = conformanceCases.filter(({ name }) => found.test(name));
  expect(suspects).toHaveLength(1);
  const runs = new Map<string, () => Promise<void>>();
  runConformance((name, run) => runs.set(name, run), {
    serve: (application) => ({ client: new TestClient(faulty(application), { validate: false }), close() {} }),
  });
  for (const { name } of suspects) await expect(runs.get(name)?.()).rejects.toThrow(/^Expected /);
});

test("runConformance leaves out what the gateway lacks, and says so", () => {
  const names: string[] = [];
  const leftOut = runConformance((name) => names.push(name), {
    serve: () => Promise.reject(new Error("not asked")),
    lacks: ["early-hints"],
  });
  expect(leftOut).toEqual(["Early hints reach the client before the response"]);
  expect(names).toHaveLength(conformanceCases.length - 1);
});
