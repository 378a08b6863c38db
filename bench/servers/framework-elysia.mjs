// The suite of frameworks in Elysia, on Bun.
import { Elysia, t } from "elysia";

new Elysia()
  .get("/hello/:name", ({ params, set }) => {
    set.headers["content-type"] = "text/html; charset=utf-8";
    return `Hello ${params.name}`;
  })
  .get("/users/:id", ({ params }) => ({ id: params.id, name: "Ada" }), { params: t.Object({ id: t.Number() }) })
  .listen({ port: Number(process.env.PORT), hostname: "127.0.0.1" });
