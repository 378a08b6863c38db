// Why a connection was not made, for the log. Codes are those of Node and of OpenSSL's X509_V_ERR names.

const UNTRUSTED = 'has a certificate that nobody who is trusted has signed; the option "ca" says who else is trusted';
const NO_TLS = "does not speak TLS at this address, or a version that is not used any more";

const TLS_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has a certificate that has expired",
  CERT_NOT_YET_VALID: "has a certificate that is not valid yet",
  CERT_REVOKED: "has a certificate that was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for other names; the option "server_name" says which name is wanted',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_TLS,
};

/**
 * Tells why, as the rest of a sentence about the upstream. Nothing of it comes from the other side.
 *
 * @param error - null when the upstream ended the connection, which it can only before it has spoken TLS
 */
export function connectProblem(error: NodeJS.ErrnoException | null): string {
  if (error === null) return "closed the connection in the TLS handshake";
  const { code, message } = error;
  const reason = code ?? message;
  const known = code !== undefined && Object.hasOwn(TLS_PROBLEMS, code) ? TLS_PROBLEMS[code] : undefined;
  const what = known ?? (code?.startsWith("ERR_SSL_") === true ? "failed the TLS handshake" : "cannot be connected to");
  return `${what} (${reason})`;
}
