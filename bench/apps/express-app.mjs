// @ts-check
// The workloads in Express with its defaults (it computes an ETag for each answer, and sends X-Powered-By).
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import express from "express";

import { HELLO, TEN_KILOBYTES, megabyte } from "./payloads.js";

const BYTES = "application/octet-stream";

/** The application, without a server. */
export const app = express();

app.get("/hello", (_request, response) => response.type("text/plain").send(HELLO));
app.get("/10k", (_request, response) => response.type(BYTES).send(TEN_KILOBYTES));
app.post("/echo", express.raw({ type: BYTES }), (request, response) => response.type(BYTES).send(request.body));
app.get("/stream", (_request, response) => pipeline(Readable.from(megabyte()), response.type(BYTES)));
