// @ts-check
// srvx: a fetch handler on Node; its FastResponse is what its guide advises there.
import { FastResponse, serve } from "srvx";

import { routesWith } from "../apps/fetch-handler.js";

const routes = routesWith(FastResponse);

serve({
  fetch(request) {
    const path = new URL(request.url).pathname;
    return routes[path]?.(request) ?? new Response(null, { status: 404 });
  },
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  silent: true,
});
