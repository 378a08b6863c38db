// Reads key and certificates as the options of a TLS listener. Worker processes read them before they give up root.
import { readFileSync } from "node:fs";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { SERVER_EXIT_CODES, ServerError, messageOf } from "../errors.ts";
import type { Settings } from "../settings/table.ts";

/**
 * Options of a TLS server.
 *
 * @param sslContext - hook that may change them
 * @returns null when no certificate is set
 * @throws ServerError when a file cannot be read
 */
export function tlsContext(
  settings: Pick<Settings, "keyfile" | "certfile" | "caCerts" | "certReqs" | "ciphers">,
  sslContext?: (options: SecureContextOptions) => SecureContextOptions,
): TlsOptions | null {
  const { keyfile, certfile, caCerts, certReqs, ciphers } = settings;
  if (certfile === null) return null;
  const cert = read("--certfile", certfile);
  const options: TlsOptions = {
    cert,
    // One file may hold certificate and key.
    key: keyfile === null ? cert : read("--keyfile", keyfile),
    ...(caCerts === null ? {} : { ca: read("--ca-certs", caCerts) }),
    ...(ciphers === null ? {} : { ciphers }),
    requestCert: certReqs !== "0",
    rejectUnauthorized: certReqs === "2",
  };
  return sslContext === undefined ? options : { ...options, ...sslContext(options) };
}

function read(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ServerError(
      SERVER_EXIT_CODES.fileUnusable,
      "ERR_TSGI_FILE_UNUSABLE",
      `Cannot read the file "${path}" of ${flag}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
