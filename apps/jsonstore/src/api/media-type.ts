// Types of bodies.
import type { WSGIEnvironment } from "tsgi/wsgi";

/** What PATCH takes. Source: RFC 7396, RFC 6902. */
export const MERGE_PATCH = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";
export const PATCH_TYPES: readonly string[] = [MERGE_PATCH, JSON_PATCH];

/** Returns the type of a body in lower case, without parameters; null when the request does not say it. */
export function mediaType({ CONTENT_TYPE }: WSGIEnvironment): string | null {
  const type = (CONTENT_TYPE ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return type === "" ? null : type;
}

/** Whether a type is JSON. Source: RFC 6839 section 3.1 for the suffix. */
export function isJsonType(type: string): boolean {
  return type === "application/json" || /^[\w.+-]+\/[\w.+-]+\+json$/.test(type);
}
