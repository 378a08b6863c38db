// Server-sent events: "/" is a page with a clock, "/events" the stream behind it, which ends when the reader leaves.

import { setInterval as every } from "node:timers/promises";
import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

const PAGE = `<!doctype html>
<title>Clock</title>
<h1 id="clock">…</h1>
<script>
  const events = new EventSource("/events");
  events.addEventListener("tick", ({ data }) => (document.querySelector("#clock").textContent = data));
</script>
`;

async function* ticks(signal: AbortSignal | undefined) {
  yield Buffer.from("retry: 1000\n\n");
  try {
    for await (const _ of every(500, null, signal ? { signal } : {})) {
      yield Buffer.from(`event: tick\ndata: ${new Date().toISOString()}\n\n`);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

export function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  if (environ.PATH_INFO !== "/events") {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    return [Buffer.from(PAGE)];
  }
  startResponse("200 OK", [
    ["Content-Type", "text/event-stream"],
    ["Cache-Control", "no-store"],
  ]);
  return ticks(environ["tsgi.signal"]);
}
