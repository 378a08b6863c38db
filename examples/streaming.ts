// A streaming answer: an async generator is an application too. Each chunk leaves when it is ready, the generator waits while
// the client is slow, and its `finally` runs even when the client leaves early.

import { setTimeout as sleep } from "node:timers/promises";
import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

export async function* application(environ: WSGIEnvironment, startResponse: StartResponse) {
  const from = Number(new URLSearchParams(environ.QUERY_STRING).get("from") ?? 5);
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  try {
    for (let count = from; count > 0; count -= 1) {
      yield Buffer.from(`${count}\n`);
      await sleep(200);
    }
    yield Buffer.from("Lift-off!\n");
  } finally {
    environ["wsgi.errors"].write("The countdown is over\n");
  }
}
