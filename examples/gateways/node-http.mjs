// Under node:http: node node-http.mjs
import { createServer } from "node:http";
import { toNodeHandler } from "tsgi/gateways/node";
import { application } from "./application.mjs";

const server = createServer(toNodeHandler(application, { timeoutSeconds: 30 }));
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
