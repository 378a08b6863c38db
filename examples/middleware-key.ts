// A middleware takes an application and gives back an application. This one adds a key to the environ; the application inside,
// which shows its environ as a table, does not know who put it there.

import type { Middleware } from "tsgi/wsgi";
import { application as environTable } from "./environ-table.ts";

/** Says when the request came, under `example.received_at`. */
const receivedAt: Middleware = (inner) =>
  function stampRequest(environ, startResponse) {
    return inner({ ...environ, "example.received_at": new Date().toISOString() }, startResponse);
  };

export const application = receivedAt(environTable);
