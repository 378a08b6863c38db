// Who the client is, as each platform tells it: Bun by its server, Deno by the info beside the request, Cloudflare by a header that its
// edge sets and that no client can. Sources: Bun's `server.requestIP`, Deno's `ServeHandlerInfo`, Cloudflare's CF-Connecting-IP.

/** REMOTE_ADDR and REMOTE_PORT; empty when the platform does not say. */
export interface Client {
  readonly address: string;
  readonly port: string;
}

const UNKNOWN: Client = { address: "", port: "" };

interface BunServer {
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
}

/** Finds the client of a request. */
export function clientOf(request: Request, [second]: readonly unknown[]): Client {
  if (typeof second === "object" && second !== null) {
    if ("requestIP" in second && typeof second.requestIP === "function")
      return clientAt((second as BunServer).requestIP(request), "address");
    if ("remoteAddr" in second) return clientAt(second.remoteAddr, "hostname");
  }
  // Only Cloudflare's requests have this property.
  if ("cf" in request) return { address: request.headers.get("CF-Connecting-IP") ?? "", port: "" };
  return UNKNOWN;
}

function clientAt(place: unknown, key: "address" | "hostname"): Client {
  if (typeof place !== "object" || place === null) return UNKNOWN;
  const { [key]: address, port } = place as { address?: unknown; hostname?: unknown; port?: unknown };
  return typeof address === "string" ? { address, port: typeof port === "number" ? String(port) : "" } : UNKNOWN;
}
