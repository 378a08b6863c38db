// @ts-check
// The suite of frameworks in Hono, on its node server.
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const app = new Hono();

app.get("/hello/:name", (context) => context.html(`Hello ${context.req.param("name")}`));
app.get("/users/:id{[0-9]+}", (context) => context.json({ id: Number(context.req.param("id")), name: "Ada" }));

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
