// @ts-check
// Fastify as its guide shows it, without logger.
import { Readable } from "node:stream";

import fastify from "fastify";

import { HELLO, TEN_KILOBYTES, megabyte } from "../apps/payloads.js";

const BYTES = "application/octet-stream";
const app = fastify({ logger: false });

app.addContentTypeParser(BYTES, { parseAs: "buffer" }, (_request, body, done) => done(null, body));
app.get("/hello", (_request, reply) => reply.type("text/plain").send(HELLO));
app.get("/10k", (_request, reply) => reply.type(BYTES).send(TEN_KILOBYTES));
app.post("/echo", (request, reply) => reply.type(BYTES).send(request.body));
app.get("/stream", (_request, reply) => reply.type(BYTES).send(Readable.from(megabyte())));

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
