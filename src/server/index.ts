// Serving, as seen from outside the package.
export type { AccessEntry } from "../gateways/http/access-entry.ts";
export { makeServer, WSGIServer, type ServerAddress, type ServerOptions } from "./make-server.ts";
