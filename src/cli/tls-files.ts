// Reads the key and the certificates of the TLS options, and tries them, so that a wrong file is found before anything listens.
import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import { FileUnusableError, UsageError } from "./errors.ts";
import type { ServeSettings } from "./serve-options.ts";

/** The settings that concern TLS. */
export type TlsSettings = Pick<ServeSettings, "keyfile" | "certfile" | "caCerts" | "certReqs">;

/**
 * Makes the options of a TLS server.
 *
 * @returns undefined when no certificate is set: the server speaks plain HTTP
 * @throws UsageError when options contradict each other, FileUnusableError when a file cannot be read or used
 */
export async function tlsOptions(settings: TlsSettings): Promise<TlsOptions | undefined> {
  const { keyfile, certfile, caCerts, certReqs } = settings;
  if (caCerts === undefined && certReqs !== "0") throw new UsageError("--cert-reqs needs --ca-certs beside it");
  if (certfile === undefined) {
    const lonely = keyfile === undefined ? (caCerts === undefined ? undefined : "--ca-certs") : "--keyfile";
    if (lonely !== undefined) throw new UsageError(`${lonely} needs --certfile beside it`);
    return undefined;
  }
  const cert = readOptionFile("--certfile", certfile);
  // One file may hold certificate and key.
  const key = keyfile === undefined ? cert : readOptionFile("--keyfile", keyfile);
  const ca = caCerts === undefined ? {} : { ca: readOptionFile("--ca-certs", caCerts) };
  const options = { key, cert, ...ca, requestCert: certReqs !== "0", rejectUnauthorized: certReqs === "2" };
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

function readOptionFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileUnusableError(`Cannot read the file "${path}" of ${flag}: ${reason}`, { cause: error });
  }
}
