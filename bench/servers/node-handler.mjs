// @ts-check
// The application of the benchmarks under node:http, by toNodeHandler.
import { createServer } from "node:http";

import { application } from "../apps/app.js";
import { toNodeHandler } from "../../dist/gateways/node/index.js";

createServer(toNodeHandler(application)).listen(Number(process.env.PORT), "127.0.0.1", 2048);
