// @ts-check
// Bun.serve with its route table; run by bun, not by node.
import { routesWith } from "../apps/fetch-handler.js";

const LONGEST_IDLE_SECONDS = 255;
const idleTimeout = Math.min(LONGEST_IDLE_SECONDS, Number(process.env.KEEP_ALIVE_SECONDS ?? 10));

// @ts-expect-error Bun is a global of its own runtime
Bun.serve({
  routes: routesWith(Response),
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  development: false,
  idleTimeout,
});
