// @ts-check
// http-proxy in front of UPSTREAM_PORT, with connections that are kept alive.
import { Agent, createServer } from "node:http";

import httpProxy from "http-proxy";

const target = `http://127.0.0.1:${process.env.UPSTREAM_PORT}`;
const proxy = httpProxy.createProxyServer({ target, agent: new Agent({ keepAlive: true, maxSockets: 64 }) });

createServer((request, response) => proxy.web(request, response)).listen(Number(process.env.PORT), "127.0.0.1", 2048);
