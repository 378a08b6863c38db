import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { App } from "./app.ts";
import { ValidationError } from "./validation.ts";

const schemas = {
  zod: z.object({ name: z.string().min(1), tags: z.array(z.string()) }),
  valibot: v.object({ name: v.pipe(v.string(), v.minLength(1)), tags: v.array(v.string()) }),
  arktype: type({ name: "string > 0", tags: "string[]" }),
};

describe.each(Object.entries(schemas))("a schema of %s", (_, json) => {
  const app = new App().post("/users", { json, name: "users" }, (request, { body }) => {
    expectTypeOf(body.name).toEqualTypeOf<string>();
    return [{ method: request.method, ...body }, 201];
  });
  const client = app.test();

  it("gives the handler a body that fits", async () => {
    const response = await client.post("/users", { json: { name: "Ada", tags: ["x"] } });
    expect([response.status, response.json()]).toEqual([201, { method: "POST", name: "Ada", tags: ["x"] }]);
  });

  it("answers 422 for one that does not, with a pointer to each fault", async () => {
    const response = await client.post("/users", { json: { name: "", tags: ["x", 7] } });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([422, "application/problem+json"]);
    const { errors } = response.json<{ errors: { in: string; pointer: string; message: string }[] }>();
    expect(errors.map((each) => `${each.in}${each.pointer}`).toSorted()).toEqual(["body/name", "body/tags/1"]);
  });

  it("answers 400 for what is no JSON, and 415 for another type", async () => {
    const headers = { "Content-Type": "application/json" };
    expect((await client.post("/users", { body: "{", headers })).status).toBe(400);
    expect((await client.post("/users", { body: Buffer.from([0x22, 0xe9, 0x22]), headers })).status).toBe(400);
    expect((await client.post("/users", { body: "", headers })).status).toBe(400);
    expect((await client.post("/users", { form: { name: "Ada" } })).status).toBe(415);
  });

  it("answers 413 for more than the application reads", async () => {
    const small = new App({ maxBodyBytes: 10 }).post("/", { json }, () => "");
    expect((await small.test().post("/", { json: { name: "x".repeat(20), tags: [] } })).status).toBe(413);
  });
});

describe("schemas", () => {
  const app = new App()
    .get(
      "/<id>/search",
      {
        params: z.object({ id: z.coerce.number().int() }),
        query: z.object({ q: z.string(), tag: z.union([z.string(), z.array(z.string())]).optional() }),
        headers: z.object({ "x-mode": z.enum(["a", "b"]).default("a") }),
      },
      (_, { id, query, headers }) => {
        expectTypeOf(id).toEqualTypeOf<number>();
        return { id, query, mode: headers["x-mode"] };
      },
    )
    .post("/form", { form: z.object({ name: z.string(), age: z.coerce.number() }) }, (_, { form }) => form);
  const client = app.test();

  it("check path, query and headers at once", async () => {
    expect((await client.get("/7/search?q=x&tag=a&tag=b")).json()).toEqual({
      id: 7,
      query: { q: "x", tag: ["a", "b"] },
      mode: "a",
    });
    const wrong = await client.get("/seven/search?q=x&q=y", { headers: { "X-Mode": "c" } });
    const { errors } = wrong.json<{ errors: { in: string; pointer: string }[] }>();
    expect(errors.map((each) => `${each.in}${each.pointer}`)).toEqual(["params/id", "query/q", "headers/x-mode"]);
  });

  it("check the fields of a form", async () => {
    expect((await client.post("/form", { form: { name: "Ada", age: "7" } })).json()).toEqual({ name: "Ada", age: 7 });
    expect((await client.post("/form", { form: { name: "Ada", age: "x" } })).status).toBe(422);
    expect((await client.post("/form", { json: {} })).status).toBe(415);
  });

  it("check the fields of a multipart form, beside its files", async () => {
    const upload = new App().post("/", { form: z.object({ title: z.string().min(1) }) }, async (request, { form }) => {
      const [file] = await request.files("photo");
      return [form.title, file?.filename, await file?.text()];
    });
    const files = { photo: { filename: "a.txt", content: "pixels" } };
    const sent = await upload.test().post("/", { form: { title: "Cat" }, files });
    expect(sent.json()).toEqual(["Cat", "a.txt", "pixels"]);
    const wrong = await upload.test().post("/", { form: { title: "" }, files });
    expect([wrong.status, wrong.json<{ errors: object[] }>().errors]).toMatchObject([
      422,
      [{ in: "form", pointer: "/title" }],
    ]);
  });

  it("read forms and bodies within the limits of their route", async () => {
    const form = z.object({ a: z.string() });
    const limited = new App({ maxBodyBytes: 20 })
      .post("/small", { form, formLimits: { fields: 1 } }, () => "small")
      .post(
        "/large",
        { formLimits: { bodyBytes: 20_000_000, textBytes: 20_000_000 } },
        async (request) => (await request.form()).get("a")?.length ?? 0,
      )
      .post("/usual", async (request) => (await request.form()).get("a")?.length ?? 0)
      .post("/text", { maxBodyBytes: 30 }, (request) => request.text());
    const limitedClient = limited.test();
    expect((await limitedClient.post("/small", { form: { a: "1" } })).text()).toBe("small");
    expect((await limitedClient.post("/small", { form: { a: "1", b: "2" } })).status).toBe(413);
    const long = "x".repeat(17_000_000);
    expect((await limitedClient.post("/large", { form: { a: long } })).text()).toBe("17000000");
    expect((await limitedClient.post("/usual", { form: { a: long } })).status).toBe(413);
    const statusOf = async (length: number): Promise<number> =>
      (await limitedClient.post("/text", { body: "y".repeat(length) })).status;
    expect([await statusOf(30), await statusOf(31)]).toEqual([200, 413]);
  });

  it("never see the name __proto__", async () => {
    const open = new App().get("/", { query: z.looseObject({}) }, (_, { query }) => ({ keys: Object.keys(query) }));
    expect((await open.test().get("/?__proto__=x&constructor=y")).json()).toEqual({ keys: ["constructor"] });
  });

  it("check a response in development", async () => {
    const options = { response: z.object({ id: z.number() }) };
    const result = (): object => ({ id: "seven" });
    const developed = await new App({ isDevelopment: true }).get("/", options, result).test().get("/");
    expect(String(developed.error)).toContain('returned what its schema "response" does not allow: /id');
    expect((await new App({ isDevelopment: false }).get("/", options, result).test().get("/")).status).toBe(200);
  });

  it("have error handlers of their own", async () => {
    const own = new App().get("/", { query: z.object({ q: z.string() }) }, () => "");
    own.errorHandler(ValidationError, ({ issues }) => [issues.map((issue) => issue.pointer).join(), 400]);
    const response = await own.test().get("/");
    expect([response.status, response.text()]).toEqual([400, "/q"]);
  });

  it("refuse what cannot be meant", () => {
    const both = { json: z.object({}), form: z.object({}) };
    expect(() => new App().post("/", both, () => "")).toThrow("one body");
    expect(() => new App().get("/<query>", { query: z.object({}) }, () => "")).toThrow('a value "query"');
  });
});

it("openapi describes routes, with the schemas of those libraries that have JSON Schema", () => {
  const app = new App()
    .get(
      "/users/<int(min=1):id>",
      { name: "user", summary: "One user", response: z.object({ id: z.number() }) },
      () => ({}),
    )
    .post("/users", { name: "users", json: schemas.zod, security: [{ key: [] }] }, () => "")
    .post("/other", { json: schemas.valibot, tags: ["x"], isDeprecated: true }, () => "")
    .get("/search", { query: schemas.arktype }, () => "");
  const document = app.openapi({ title: "Shop", version: "1", securitySchemes: { key: { type: "http" } } });
  expect(document).toMatchObject({
    openapi: "3.1.0",
    info: { title: "Shop", version: "1" },
    components: { securitySchemes: { key: { type: "http" } } },
    paths: {
      "/users/{id}": {
        get: {
          operationId: "user",
          summary: "One user",
          parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer", minimum: 1 } }],
          responses: { 200: { content: { "application/json": { schema: { type: "object", required: ["id"] } } } } },
        },
      },
      "/users": {
        post: {
          security: [{ key: [] }],
          requestBody: { content: { "application/json": { schema: { required: ["name", "tags"] } } } },
          responses: { 422: {} },
        },
      },
      "/other": { post: { deprecated: true, tags: ["x"], requestBody: { content: { "application/json": {} } } } },
      "/search": {
        get: {
          parameters: [
            { name: "name", in: "query", required: true, schema: { type: "string", minLength: 1 } },
            { name: "tags", in: "query", required: true, schema: { type: "array" } },
          ],
        },
      },
    },
  });
  expect(JSON.stringify(document)).not.toContain("$schema");
});
