// TLS to an upstream: whom it must prove to be, and who this side is. Source: RFC 9110 section 4.3.4 (https certificate verification);
// RFC 6125; nginx's proxy_ssl_verify, which is off unless it is asked for: here it is the other way round.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { createSecureContext, type ConnectionOptions } from "node:tls";
import { OptionError } from "../../deploy/option-error.ts";
import { text, type OptionReader, type OptionReaders } from "../../deploy/section-options.ts";

/** Options of `https:` upstreams. Files are read once, when the application is made: after a renewal the server must be reloaded. */
export interface UpstreamTlsOptions {
  /** PEM file with the authorities that upstreams may be certified by. @default those that Node trusts */
  readonly ca?: string;
  /** PEM file with the certificate that is shown to upstreams, and its chain. @default none is shown */
  readonly cert?: string;
  /** PEM file with the key of `cert`. @default the file of `cert` holds both */
  readonly key?: string;
  /** The name that the upstream's certificate must have, and that is asked for (SNI). @default the host of the URL */
  readonly serverName?: string;
  /** Only the word `false` itself has upstreams not prove who they are; anybody on the way can read and change everything then. @default true */
  readonly verify?: boolean;
}

/** The options by name. */
export const TLS_OPTIONS = [
  "ca",
  "cert",
  "key",
  "serverName",
  "verify",
] as const satisfies (keyof UpstreamTlsOptions)[];

/** What stands in the place of a name. */
const NAME = /^[\w.-]+$/;

/** Nobody should switch this off by an empty value or a typing error. */
const spelledOut: OptionReader<boolean> = (value, key) => {
  if (value === "true" || value === "false") return value === "true";
  throw new OptionError(`Option "${key}" is "${value}"; expected "true", or "false" spelled out`);
};

/** How they are read in an INI file. @param file - reader of paths */
export function tlsReaders(file: OptionReader<string>): OptionReaders<UpstreamTlsOptions> {
  return { ca: file, cert: file, key: file, serverName: text, verify: spelledOut };
}

/**
 * Makes what all connections of a pool share.
 *
 * @returns the options of `tls.connect` for a host
 * @throws OptionError for what cannot be used, such as a file that cannot be read
 */
export function upstreamTls(options: UpstreamTlsOptions): (host: string) => ConnectionOptions {
  const { ca, cert, key, serverName, verify = true } = options;
  if (typeof verify !== "boolean")
    throw new OptionError(`Option "verify" is ${JSON.stringify(verify)}; expected true, or false spelled out`);
  if (!verify && ca !== undefined)
    throw new OptionError('Option "ca" means nothing when "verify" is false; expected one of the two');
  if (key !== undefined && cert === undefined)
    throw new OptionError('Option "cert" is missing; expected the certificate that belongs to "key"');
  if (serverName !== undefined && (!NAME.test(serverName) || isIP(serverName) !== 0))
    throw new OptionError(`Option "serverName" is ${JSON.stringify(serverName)}; expected the name in a certificate`);
  const secureContext = contextOf({ ca, cert, key });
  return (host) => {
    const name = serverName ?? host;
    return {
      secureContext,
      // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED does not change it.
      rejectUnauthorized: verify,
      ALPNProtocols: ["http/1.1"],
      // An address is checked, too, but cannot be asked for (RFC 6066 section 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
    };
  };
}

function contextOf({
  ca,
  cert,
  key = cert,
}: Record<"ca" | "cert" | "key", string | undefined>): NonNullable<ConnectionOptions["secureContext"]> {
  const pem = {
    ...(ca === undefined ? {} : { ca: read("ca", ca) }),
    ...(cert === undefined ? {} : { cert: read("cert", cert) }),
    ...(key === undefined ? {} : { key: read("key", key) }),
  };
  try {
    return createSecureContext(pem);
  } catch (error) {
    const what = cert === undefined ? `"ca" (${ca})` : `"cert" (${cert}), "key" (${key})`;
    throw new OptionError(
      `The files of ${what} are not what TLS needs; expected PEM, and a certificate with its own key: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function read(option: string, path: string): Buffer {
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    throw new OptionError(`Cannot read the file of option "${option}": ${messageOf(error)}`, { cause: error });
  }
  // OpenSSL takes a file without a certificate for one with no authorities, which nobody means.
  if (!pem.includes("-----BEGIN ")) throw new OptionError(`The file of option "${option}" is not in PEM: "${path}"`);
  return pem;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
