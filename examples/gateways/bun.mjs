// Under Bun: bun bun.mjs
import { toFetchHandler } from "tsgi/gateways/fetch";
import { application } from "./application.mjs";

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 8000),
  fetch: toFetchHandler(application, { scriptName: "/shop", timeoutSeconds: 30 }),
});
