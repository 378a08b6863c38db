// Makes a WSGI application of a module's export, whatever its interface: a setting names it, or its shape shows it.
// Sources: the public objects of Express, Connect, Koa, Fastify, Nest and node:http; WinterTC's `export default { fetch }`.
import type { Server } from "node:http";
import { toApplication } from "../../wsgi/application.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { FetchHandlerLike } from "../fetch/fetch-application.ts";
import type { JsgiApplication } from "../jsgi/jsgi-application.ts";
import type { NodeListener } from "../node/node-application.ts";

/** The supported interfaces. */
export const INTERFACES = ["auto", "wsgi", "fetch", "node", "jsgi"] as const;

/** One of them; `auto` detects it by the shape. */
export type ApplicationInterface = (typeof INTERFACES)[number];

/**
 * Makes an application.
 *
 * @param value - what was exported
 * @throws ContractViolation if it is not an application
 */
export async function adaptApplication(
  value: unknown,
  applicationInterface: ApplicationInterface,
): Promise<WSGIApplication> {
  const kind = applicationInterface === "auto" ? kindOf(value) : applicationInterface;
  if (kind === "fetch" && (typeof value === "function" || has(value, "fetch"))) {
    const { fetchApplication } = await import("../fetch/fetch-application.ts");
    return fetchApplication(value as FetchHandlerLike);
  }
  if (kind === "node") {
    const listener = await listenerOf(value);
    if (listener === null) return toApplication(value);
    const { nodeApplication } = await import("../node/node-application.ts");
    return nodeApplication(listener);
  }
  if (kind === "jsgi" && typeof value === "function") {
    const { jsgiApplication } = await import("../jsgi/jsgi-application.ts");
    return jsgiApplication(value as JsgiApplication);
  }
  return toApplication(value);
}

function kindOf(value: unknown): ApplicationInterface {
  if (typeof value === "function") return has(value, "handle", "use") ? "node" : "wsgi";
  if (has(value, "call")) return "wsgi";
  const isNode =
    has(value, "routing", "ready") ||
    has(value, "callback", "use") ||
    has(value, "getHttpAdapter", "init") ||
    has(value, "listeners", "listen", "closeAllConnections");
  if (isNode) return "node";
  return has(value, "fetch") ? "fetch" : "wsgi";
}

/** The `(req, res)` function of an application, after any start-up that it needs. */
async function listenerOf(value: unknown): Promise<NodeListener | null> {
  if (typeof value === "function") return value as NodeListener;
  // Each checked name exists in one kind of application only.
  if (has(value, "routing", "ready")) {
    const fastify = value as { ready(): PromiseLike<unknown>; routing: NodeListener };
    await fastify.ready();
    return (request, response, next) => fastify.routing(request, response, next);
  }
  if (has(value, "getHttpAdapter", "init")) {
    const nest = value as { init(): Promise<unknown>; getHttpAdapter(): { getInstance(): unknown } };
    await nest.init();
    return await listenerOf(nest.getHttpAdapter().getInstance());
  }
  if (has(value, "callback", "use")) return (value as { callback(): NodeListener }).callback();
  if (has(value, "listeners", "listen")) {
    const server = value as Server;
    return (request, response) => server.emit("request", request, response);
  }
  return null;
}

function has(value: unknown, ...names: readonly string[]): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === "function");
}
