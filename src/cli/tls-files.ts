// Tries the key and the certificates of the settings, so that a wrong file is found before anything listens.
import type { TlsOptions } from "node:tls";
import type { Settings } from "../server/settings/table.ts";
import { tlsContext } from "../server/worker/tls-context.ts";
import { FileUnusableError, UsageError } from "./errors.ts";

/** The settings that concern TLS. */
export type TlsSettings = Pick<Settings, "keyfile" | "certfile" | "caCerts" | "certReqs" | "ciphers">;

/**
 * Makes the options of a TLS server.
 *
 * @returns undefined when no certificate is set: the server speaks plain HTTP
 * @throws UsageError when options contradict each other, FileUnusableError or ServerError when a file cannot be used or read
 */
export async function tlsOptions(settings: TlsSettings): Promise<TlsOptions | undefined> {
  const { keyfile, certfile, caCerts, certReqs } = settings;
  if (caCerts === null && certReqs !== "0") throw new UsageError("--cert-reqs also needs --ca-certs");
  if (certfile === null) {
    const lonely = keyfile === null ? (caCerts === null ? undefined : "--ca-certs") : "--keyfile";
    if (lonely !== undefined) throw new UsageError(`${lonely} also needs --certfile`);
    return undefined;
  }
  const options = tlsContext(settings) ?? {};
  const { createSecureContext } = await import("node:tls");
  try {
    createSecureContext(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const files = [...new Set([certfile, keyfile ?? certfile])].map((file) => `"${file}"`).join(" and ");
    throw new FileUnusableError(`Cannot use the certificate and key in ${files}: ${reason}`, { cause: error });
  }
  return options;
}
