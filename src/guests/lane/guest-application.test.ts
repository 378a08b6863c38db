import { expect, test } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { guestApplication, type RequestTaker } from "./guest-application.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import { guestSettings } from "./guest-options.ts";

/** A pool that keeps what it is given. */
function taker(): RequestTaker & { readonly submitted: GuestExchange[] } {
  const submitted: GuestExchange[] = [];
  const dispatcher = {
    submit: (exchange: GuestExchange) => void submitted.push(exchange),
    beginUpload: () => false,
    endUpload: () => {},
  };
  return { submitted, dispatcher, settings: guestSettings({}, "Test") };
}

function posted(pull: () => Promise<Buffer | null>, length: string): WSGIEnvironment {
  return mockEnviron({
    method: "POST",
    environ: { "wsgi.input": new WSGIInputStream({ pull }), CONTENT_LENGTH: length },
  });
}

const startResponse = (): (() => void) => () => {};

test.each<[what: string, environ: WSGIEnvironment]>([
  ["has no body", mockEnviron()],
  ["says that its body is empty", posted(() => Promise.resolve(null), "0")],
])("guestApplication submits a request at once that %s", (_, environ) => {
  const pool = taker();
  void guestApplication(pool, null)(environ, startResponse);
  expect(pool.submitted.map(({ body }) => body.kind)).toEqual(["none"]);
});

test("guestApplication submits a request with a body when that one has come", async () => {
  const pool = taker();
  let give: (piece: Buffer | null) => void = () => {};
  const pieces = [new Promise<Buffer | null>((resolve) => (give = resolve)), Promise.resolve(null)];
  const answer = guestApplication(pool, null)(
    posted(() => pieces.shift() ?? Promise.resolve(null), "5"),
    startResponse,
  );
  await new Promise(setImmediate);
  expect(pool.submitted).toEqual([]);
  give(Buffer.from("hello"));
  await expect.poll(() => pool.submitted.length).toBe(1);
  expect(pool.submitted[0]?.body).toEqual({ kind: "memory", bytes: Buffer.from("hello") });
  pool.submitted[0]?.whole("200 OK", Buffer.from("answer"));
  expect(await answer).toEqual([Buffer.from("answer")]);
});

test("guestApplication throws what went wrong with the body; the guest hears nothing of the request", async () => {
  const pool = taker();
  const environ = posted(() => Promise.reject(new Error("The client left")), "5");
  await expect(guestApplication(pool, null)(environ, startResponse)).rejects.toThrow("The client left");
  expect(pool.submitted).toEqual([]);
});
