// Asks for a name and a proof that the password is known; the password itself does not travel. Source: RFC 7616, with `qop=auth`,
// SHA-256 and (for old clients) MD5. The server must know the passwords, or what htdigest makes of them; hashes of htpasswd do not do.
import { createHash, randomBytes } from "node:crypto";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import { requestUri } from "../wsgi/url.ts";
import {
  checkRealm,
  credentialsOf,
  parseAuthParameters,
  quotedParameter,
  sendChallenge,
} from "./auth/authorization.ts";
import { isEqualSecret } from "./writing/constant-time.ts";
import { DigestNonces } from "./auth/digest-nonce.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { parseHost } from "../http/host.ts";
import { unescapeBytes } from "../http/unescape-bytes.ts";
import { requestedHost } from "./writing/host.ts";
import { HtdigestFile } from "./auth/htdigest-file.ts";
import { type Configuration, fileIn, integer, pairs, fromSection, text, within, words } from "./writing/options.ts";
import { sharedKey } from "./auth/shared-secret.ts";

/** Returns the password of a user; null if there is no such user. */
export type PasswordLookup = (user: string) => string | null | Promise<string | null>;

/** Options of {@link authDigest}; `users` or `htdigest`. */
export interface AuthDigestOptions {
  /** Passwords by name, or a function that returns the password for a name. */
  readonly users?: Readonly<Record<string, string>> | PasswordLookup;
  /** Instead of `users`: path of an htdigest file. It is read again when it changes. */
  readonly htdigest?: string;
  /** @default "Restricted" */
  readonly realm?: string;
  /** Algorithms to offer, best first. @default ["SHA-256", "MD5"]; ["MD5"] with `htdigest`, which writes no other */
  readonly algorithms?: readonly string[];
  /** How long a nonce is valid, in seconds. @default 300 */
  readonly nonceSeconds?: number;
  /** Key that signs the nonces; needed if several servers answer for one host. @default random, the same in all workers of a server */
  readonly secret?: string;
  /** How many nonces are remembered per worker, so that no proof is accepted twice. @default 10000 */
  readonly mostNonces?: number;
}

const HASHES = { "SHA-256": "sha256", MD5: "md5" } as const;
type Algorithm = keyof typeof HASHES;

/** What a client sent. */
interface Credentials {
  readonly user: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly response: string;
  readonly algorithm: Algorithm;
}

/**
 * Answers 401 to requests without a valid proof. The others pass with REMOTE_USER and AUTH_TYPE. A correct proof with an expired nonce, or
 * with one of another server, gets `stale=true`. A proof that was used before is refused.
 *
 * In a pipeline: before what it protects.
 *
 * @throws MiddlewareOptionError when it is not said who the users are, or an algorithm is unknown
 * @example
 * const application = authDigest({ users: { ada: "secret" }, realm: "Library" })(inner);
 */
export function authDigest(options: AuthDigestOptions): Middleware {
  const realm = checkRealm(options.realm ?? "Restricted");
  const secretOf = secretsOf(options, realm);
  const algorithms = (options.algorithms ?? (options.htdigest === undefined ? ["SHA-256", "MD5"] : ["MD5"])).map(
    toAlgorithm,
  );
  const lifetime = within(options.nonceSeconds ?? 300, "nonceSeconds", 1);
  const most = within(options.mostNonces ?? 10_000, "mostNonces", 1);
  const nonces = new DigestNonces(options.secret ?? sharedKey("auth-digest"), lifetime, most);
  const opaque = randomBytes(8).toString("hex");
  const nobody = randomBytes(16).toString("hex");

  function challenges(isStale: boolean): string[] {
    const nonce = nonces.create();
    return algorithms.map(
      (algorithm) =>
        `Digest ${quotedParameter("realm", realm)}, qop="auth", algorithm=${algorithm}, nonce="${nonce}", ` +
        `opaque="${opaque}", charset=UTF-8${isStale ? ", stale=true" : ""}`,
    );
  }

  /** Gives the name of the user, or whether the nonce alone was at fault. */
  async function check(environ: WSGIEnvironment): Promise<string | { readonly isStale: boolean }> {
    const credentials = readCredentials(environ, realm);
    if (credentials === null || !algorithms.includes(credentials.algorithm)) return { isStale: false };
    const { user, algorithm } = credentials;
    const secret = await secretOf(user, algorithm);
    const proof = proofOf(environ.REQUEST_METHOD, secret ?? nobody, credentials);
    if (!isEqualSecret(proof, credentials.response) || secret === null) return { isStale: false };
    const use = nonces.use(credentials.nonce, Number.parseInt(credentials.nc, 16));
    return use === "fresh" ? user : { isStale: use === "stale" };
  }

  return function authDigestMiddleware(application) {
    return async function requireDigest(environ, startResponse) {
      const user = await check(environ);
      if (typeof user !== "string") return sendChallenge(environ, startResponse, challenges(user.isStale));
      environ["REMOTE_USER"] = encodeNative(user);
      environ["AUTH_TYPE"] = "Digest";
      return application(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#auth-digest`: `htdigest` (a path) or `users` (lines of `name = password`), `realm`, `algorithms`, `nonce_seconds`, `secret`, `most_nonces`. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  type FileOptions = Omit<AuthDigestOptions, "users"> & { readonly users?: Record<string, string> };
  return fromSection<FileOptions>(authDigest, localConf, {
    users: pairs,
    htdigest: fileIn(globalConf),
    realm: text,
    algorithms: words,
    nonceSeconds: integer,
    secret: text,
    mostNonces: integer,
  });
}

/** Gives the hash of user, realm and password (A1 of RFC 7616 §3.4.2); null when there is none. */
type SecretLookup = (user: string, algorithm: Algorithm) => Promise<string | null>;

function secretsOf({ users, htdigest }: AuthDigestOptions, realm: string): SecretLookup {
  if ((users === undefined) === (htdigest === undefined)) {
    throw new MiddlewareOptionError(
      'Options "users" and "htdigest" are both given or both missing; expected one of them',
    );
  }
  if (htdigest !== undefined) {
    const file = new HtdigestFile(htdigest, realm);
    return async (user, algorithm) => (await file.find(user))?.[HASHES[algorithm]] ?? null;
  }
  const lookUp = lookupOf(users ?? {});
  return async (user, algorithm) => {
    const password = await lookUp(user);
    return password === null ? null : hashOf(algorithm, user, realm, password);
  };
}

function lookupOf(users: NonNullable<AuthDigestOptions["users"]>): PasswordLookup {
  if (typeof users === "function") return users;
  const passwords = new Map(Object.entries(users));
  return (user) => passwords.get(user) ?? null;
}

function toAlgorithm(name: string): Algorithm {
  const algorithm = (Object.keys(HASHES) as Algorithm[]).find((known) => known === name.toUpperCase());
  if (algorithm !== undefined) return algorithm;
  throw new MiddlewareOptionError(`Option "algorithms" has the entry "${name}"; expected "SHA-256" or "MD5"`);
}

function readCredentials(environ: WSGIEnvironment, realm: string): Credentials | null {
  const field = credentialsOf(environ, "digest");
  const parameters = field === null ? null : parseAuthParameters(field);
  if (parameters === null) return null;
  const get = (name: string): string => parameters.get(name) ?? "";
  const algorithm = get("algorithm").toUpperCase() || "MD5"; // RFC 7616 §3.4: MD5 when it is not said
  const isWhole = get("qop") === "auth" && /^[\da-f]{8}$/i.test(get("nc")) && get("cnonce") !== "";
  if (!isWhole || get("realm") !== realm || !(algorithm in HASHES)) return null;
  // The proof covers this uri, so it must be the one that was asked for (RFC 7616 §3.4.6).
  if (!isSameTarget(get("uri"), environ)) return null;
  const user = userOf(parameters);
  if (user === null) return null;
  return {
    user,
    uri: get("uri"),
    nonce: get("nonce"),
    nc: get("nc"),
    cnonce: get("cnonce"),
    response: get("response").toLowerCase(),
    algorithm: algorithm as Algorithm, // one of HASHES, see above
  };
}

/** Names beyond ASCII come as UTF-8, plain (native strings here) or in `username*` (RFC 8187). */
function userOf(parameters: ReadonlyMap<string, string>): string | null {
  const plain = parameters.get("username");
  if (plain !== undefined) return Buffer.from(plain, "latin1").toString("utf8");
  const [, encoded] = /^UTF-8'[^']*'(.*)$/i.exec(parameters.get("username*") ?? "") ?? [];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/**
 * Tells whether a client and we speak of the same target: what it asked for, or what that is once a prefix that the server in front took
 * off is back. Proxies turn an absolute target into a path, and write escapes anew.
 */
function isSameTarget(uri: string, environ: WSGIEnvironment): boolean {
  const wanted = targetOf(uri, environ);
  const { REQUEST_URI: asked } = environ;
  if (wanted === null) return false;
  return (
    (asked !== undefined && wanted === targetOf(asked, environ)) || wanted === targetOf(requestUri(environ), environ)
  );
}

/** Path and query in one form; null when a target names another host. */
function targetOf(target: string, environ: WSGIEnvironment): string | null {
  const [, authority, pathAndQuery = ""] = /^(?:https?:\/\/([^/?#]*))?(.*)$/is.exec(target) ?? [];
  if (authority !== undefined && parseHost(authority)?.name !== requestedHost(environ)?.name) return null;
  const [, path = "", query = ""] = /^([^?]*)(.*)$/s.exec(pathAndQuery) ?? [];
  return `${unescapeBytes(path) || "/"}${query}`;
}

function proofOf(method: string, secret: string, credentials: Credentials): string {
  const { uri, nonce, nc, cnonce, algorithm } = credentials;
  return hashOf(algorithm, secret, nonce, nc, cnonce, "auth", hashOf(algorithm, method, uri));
}

function hashOf(algorithm: Algorithm, ...parts: readonly string[]): string {
  return createHash(HASHES[algorithm]).update(parts.join(":")).digest("hex");
}
