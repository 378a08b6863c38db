// @ts-check
// fast-proxy in front of UPSTREAM_PORT, as its guide shows it.
import { createServer } from "node:http";

import fastProxy from "fast-proxy";

const front = fastProxy({ base: `http://127.0.0.1:${process.env.UPSTREAM_PORT}` });

createServer((request, response) => front.proxy(request, response, request.url ?? "/", {})).listen(
  Number(process.env.PORT),
  "127.0.0.1",
  2048,
);
