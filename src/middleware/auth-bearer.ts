// Asks for a token. Source: RFC 6750; the token is taken from the Authorization field only, because addresses end up in logs.
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import { checkRealm, credentialsOf, quotedParameter, sendChallenge } from "./auth/authorization.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { digestSecret } from "./writing/constant-time.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { type Configuration, pairs, fromSection, text } from "./writing/options.ts";

/** Returns the owner of a token; null if it is not valid (or no longer). */
export type TokenVerifier = (token: string, environ: WSGIEnvironment) => string | null | Promise<string | null>;

/** Options of {@link authBearer}. */
export interface AuthBearerOptions {
  /** Tokens by the name of their owner, or a function that checks a token, for example the signature of a JWT. */
  readonly tokens: Readonly<Record<string, string>> | TokenVerifier;
  /** @default "Restricted" */
  readonly realm?: string;
}

const TOKEN = /^[\dA-Za-z._~+/-]+=*$/;
const SHORTEST = 16;

/**
 * Answers 401 to requests without a valid token. The others pass with REMOTE_USER and AUTH_TYPE.
 *
 * In a pipeline: before what it protects; the application finds the owner of the token in REMOTE_USER.
 *
 * @throws MiddlewareOptionError when there are no tokens, or one that is easily guessed
 * @example
 * const application = authBearer({ tokens: { backup: process.env.BACKUP_TOKEN } })(inner);
 */
export function authBearer(options: AuthBearerOptions): Middleware {
  const { tokens } = options;
  const ownerOf = typeof tokens === "function" ? tokens : fixedTokens(tokens);
  const challenge = `Bearer ${quotedParameter("realm", checkRealm(options.realm ?? "Restricted"))}`;

  return function authBearerMiddleware(application) {
    return function requireToken(environ, startResponse) {
      const token = credentialsOf(environ, "bearer");
      if (token === null) return sendChallenge(environ, startResponse, [challenge]);
      if (!TOKEN.test(token)) {
        return sendChallenge(environ, startResponse, [`${challenge}, error="invalid_request"`], 400);
      }
      const decide = (owner: string | null) => {
        if (owner === null) return sendChallenge(environ, startResponse, [`${challenge}, error="invalid_token"`]);
        environ["REMOTE_USER"] = encodeNative(owner);
        environ["AUTH_TYPE"] = "Bearer";
        return application(environ, startResponse);
      };
      const owner = ownerOf(token, environ);
      return isPromise(owner) ? owner.then(decide) : decide(owner);
    };
  };
}

/** The filter `egg:tsgi#auth-bearer`: `tokens` (lines of `owner = token`) and `realm`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  type FileOptions = Omit<AuthBearerOptions, "tokens"> & { readonly tokens: Record<string, string> };
  return fromSection<FileOptions>(authBearer, localConf, { tokens: pairs, realm: text });
}

/** Tokens are looked up by a keyed digest: how long that takes says nothing about them. */
function fixedTokens(tokens: Readonly<Record<string, string>> | undefined): TokenVerifier {
  const owners = new Map<string, string>();
  for (const [owner, token] of Object.entries(tokens ?? {})) {
    if (!TOKEN.test(token) || token.length < SHORTEST) {
      throw new MiddlewareOptionError(
        `The token of "${owner}" cannot be used; expected ${SHORTEST} or more letters, digits and "._~+/-"`,
      );
    }
    owners.set(digestSecret(token).toString("base64"), owner);
  }
  if (owners.size === 0)
    throw new MiddlewareOptionError('Option "tokens" is missing; expected "owner = token" or a function');
  return (token) => owners.get(digestSecret(token).toString("base64")) ?? null;
}
