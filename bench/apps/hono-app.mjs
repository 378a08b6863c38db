// @ts-check
// The workloads in Hono, as its guide shows it.
import { Hono } from "hono";
import { stream } from "hono/streaming";

import { HELLO, TEN_KILOBYTES, megabyte } from "./payloads.js";

const BYTES = { "Content-Type": "application/octet-stream" };

/** The application, without a server. */
export const app = new Hono();

app.get("/hello", (context) => context.text(HELLO));
app.get("/10k", (context) => context.body(TEN_KILOBYTES, 200, BYTES));
app.post("/echo", async (context) => context.body(await context.req.arrayBuffer(), 200, BYTES));
app.get("/stream", (context) => {
  context.header("Content-Type", BYTES["Content-Type"]);
  return stream(context, async (body) => {
    for (const chunk of megabyte()) await body.write(chunk);
  });
});
