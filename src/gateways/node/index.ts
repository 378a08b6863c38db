// tsgi/gateways/node: an application as a (req, res) listener. For users; inside the package import the files that own the symbols.
export type { AccessEntry } from "../access-entry.ts";
export { type NodeHandler, type NodeHandlerOptions, toNodeHandler } from "./node-handler.ts";
export type { NodeRequest, NodeResponse } from "./node-message.ts";
