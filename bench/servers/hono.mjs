// @ts-check
// Hono on its node server, as its guide shows it.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { stream } from "hono/streaming";

import { HELLO, TEN_KILOBYTES, megabyte } from "../apps/payloads.js";

const BYTES = { "Content-Type": "application/octet-stream" };
const app = new Hono();

app.get("/hello", (context) => context.text(HELLO));
app.get("/10k", (context) => context.body(TEN_KILOBYTES, 200, BYTES));
app.post("/echo", async (context) => context.body(await context.req.arrayBuffer(), 200, BYTES));
app.get("/stream", (context) => {
  context.header("Content-Type", BYTES["Content-Type"]);
  return stream(context, async (body) => {
    for (const chunk of megabyte()) await body.write(chunk);
  });
});

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
