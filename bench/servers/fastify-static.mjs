// @ts-check
// Fastify with @fastify/static as its guide shows it, without logger.
import fastifyStatic from "@fastify/static";
import fastify from "fastify";

const app = fastify({ logger: false });
await app.register(fastifyStatic, { root: process.env.BENCH_FILES ?? process.cwd() });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
