// Serving, as seen from outside the package.
export type { AccessEntry } from "../gateways/access-entry.ts";
export { drainSignal } from "./worker/drain-signal.ts";
export { makeServer, WSGIServer, type ServerAddress, type ServerOptions } from "./make-server.ts";
export { PythonResolver } from "../guests/python/deploy/python-resolver.ts";
export { defineConfig } from "./settings/define-config.ts";
export type { HookArbiter, HookLog, HookResponse, Hooks, HookWorker } from "./settings/hooks.ts";
export type { Config, Settings } from "./settings/table.ts";
