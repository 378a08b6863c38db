// Which content coding a client gets. Source: RFC 9110 section 12.5.3; @fastify/accept-negotiator does the ranking.
import { negotiate } from "@fastify/accept-negotiator";
import type { WSGIEnvironment } from "../../wsgi/types.ts";

/** The content codings that files and responses may have here. */
export type ContentCoding = "br" | "gzip" | "zstd";

/**
 * Chooses a content coding.
 *
 * @param environ - of the request; without Accept-Encoding nothing is encoded
 * @param codings - what there is, the best first: decides between codings that the client likes equally
 * @returns the coding, or null for none (`identity`)
 */
export function negotiateCoding<Coding extends ContentCoding>(
  environ: WSGIEnvironment,
  codings: readonly Coding[],
): Coding | null {
  const header = environ["HTTP_ACCEPT_ENCODING"];
  if (typeof header !== "string" || header === "" || codings.length === 0) return null;
  // A client of long ago may say x-gzip (RFC 9110 section 8.4.1.3).
  const accepted = header.toLowerCase().replaceAll(/(?<![\w-])x-gzip(?![\w-])/g, "gzip");
  const refused = accepted.includes("q=0") ? refusedIn(accepted) : [];
  const offered = refused.length === 0 ? codings : codings.filter((coding) => !refused.includes(coding));
  // "identity" comes last, so that it wins only where the client prefers it.
  const chosen = negotiate(accepted, [...offered, "identity"]);
  return chosen === null || chosen === "identity" ? null : chosen;
}

/** Names that the client refuses (`q=0`); the negotiator would still reach them through `*`. */
function refusedIn(accepted: string): (string | undefined)[] {
  return accepted
    .split(",")
    .map((item) => item.split(";").map((part) => part.trim()))
    .filter(([, ...parameters]) => parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)))
    .map(([name]) => name);
}
