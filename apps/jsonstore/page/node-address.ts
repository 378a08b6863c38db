// Where a node is: its URL below the mount of the store, and back. Source: RFC 6901; RFC 3986; WHATWG URL for what browsers make of dots.
import { decodeToken, formatPointer, parsePointer, type Path } from "../src/text/pointer.ts";

/**
 * Returns the path and query of a node's URL.
 *
 * @param mount - path of the store, encoded, without a slash at its end
 */
export function nodeAddress(mount: string, path: Path): string {
  const pointer = formatPointer(path);
  // Browsers resolve these in any URL, also when they are percent-encoded.
  if (path.some((token) => token === "." || token === "..")) {
    return `${mount}/?pointer=${encodeURIComponent(pointer)}`;
  }
  const encoded = pointer.split("/").map(encodeURIComponent).join("/");
  // One slash at the end is taken away by the store.
  const isAmbiguous = encoded === "" || encoded.endsWith("/");
  return mount + encoded + (isAmbiguous ? "/" : "");
}

/** Adds words to the query of an address. */
export function withQuery(address: string, query: string): string {
  if (query === "") return address;
  return `${address}${address.includes("?") ? "&" : "?"}${query}`;
}

/** Returns the node that an address is of; null when it is of none. */
export function pathOfAddress(mount: string, pathname: string, search: string): Path | null {
  const pointer = new URLSearchParams(search.replaceAll("+", "%2B")).get("pointer");
  if (pointer !== null) return parsePointer(pointer);
  if (!pathname.startsWith(mount)) return null;
  const whole = pathname.slice(mount.length).replace(/\/$/, "");
  if (whole === "") return [];
  try {
    const tokens = whole.slice(1).split("/").map(decodeURIComponent);
    return tokens.some((token) => /~(?![01])/.test(token)) ? null : tokens.map(decodeToken);
  } catch {
    return null;
  }
}
