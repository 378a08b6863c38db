// tsgi/gateways/fetch: an application as a fetch handler. For users; inside the package import the files that own the symbols.
export type { AccessEntry } from "../access-entry.ts";
export { type FetchHandler, type FetchHandlerOptions, toFetchHandler } from "./fetch-handler.ts";
