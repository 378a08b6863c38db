// Under Deno: deno run --allow-net --allow-env --allow-read deno.mjs
import process from "node:process";
import { toFetchHandler } from "tsgi/gateways/fetch";
import { application } from "./application.mjs";

Deno.serve(
  { hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8000) },
  toFetchHandler(application, { scriptName: "/shop", timeoutSeconds: 30 }),
);
