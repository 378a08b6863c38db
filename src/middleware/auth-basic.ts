// Asks for a name and a password. Source: RFC 7617. The password travels readable, so use it over https only.
import type { HeaderList, Middleware } from "../wsgi/types.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import { sendAnswer } from "./writing/answer.ts";
import { checkRealm, credentialsOf, quotedParameter, sendChallenge } from "./auth/authorization.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { MiddlewareOptionError, PasswordQueueFull } from "./errors.ts";
import { type Configuration, fileIn, pairs, fromSection, text } from "./writing/options.ts";
import { HtpasswdFile, toUserSource, type Users, type UserSource } from "./auth/user-source.ts";

/** Options of {@link authBasic}; `users` or `htpasswd`. */
export interface AuthBasicOptions {
  /** Passwords by name, a function `(user, password) => boolean`, or a source. */
  readonly users?: Users;
  /** Path of an htpasswd file with bcrypt, `$apr1$`, `$5$`, `$6$` or `{SHA}`. It is read again when it changes. */
  readonly htpasswd?: string;
  /** Realm that the browser shows to the user. @default "Restricted" */
  readonly realm?: string;
}

/**
 * Answers 401 to requests without the name and password of a user. The others pass with REMOTE_USER and AUTH_TYPE. While too many passwords
 * are being checked, requests whose password is not remembered get 503.
 *
 * In a pipeline: before what it protects; the application finds the name in REMOTE_USER.
 *
 * @throws MiddlewareOptionError when it is not said who the users are
 * @example
 * const application = authBasic({ htpasswd: "/srv/users", realm: "Library" })(inner);
 */
export function authBasic(options: AuthBasicOptions): Middleware {
  const source = sourceOf(options);
  const realm = checkRealm(options.realm ?? "Restricted");
  const challenge = `Basic ${quotedParameter("realm", realm)}, charset="UTF-8"`;

  return function authBasicMiddleware(application) {
    return function requireBasic(environ, startResponse) {
      const login = parseBasic(credentialsOf(environ, "basic"));
      if (login === null) return sendChallenge(environ, startResponse, [challenge]);
      const [user, password] = login;
      const decide = (isRight: boolean) => {
        if (!isRight) return sendChallenge(environ, startResponse, [challenge]);
        environ["REMOTE_USER"] = encodeNative(user);
        environ["AUTH_TYPE"] = "Basic";
        return application(environ, startResponse);
      };
      const refuse = (error: unknown) => {
        if (!(error instanceof PasswordQueueFull)) throw error;
        const headers: HeaderList = [["Retry-After", String(error.retryAfterSeconds)]];
        return sendAnswer(environ, startResponse, { status: error.status, headers });
      };
      const verdict = source.verify(user, password, environ);
      return isPromise(verdict) ? verdict.then(decide, refuse) : decide(verdict);
    };
  };
}

/** The filter `egg:tsgi#auth-basic`: `htpasswd` (a path) or `users` (lines of `name = password`), and `realm`. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<AuthBasicOptions>(authBasic, localConf, {
    users: pairs,
    htpasswd: fileIn(globalConf),
    realm: text,
  });
}

function sourceOf({ users, htpasswd }: AuthBasicOptions): UserSource {
  if (users !== undefined && htpasswd === undefined) return toUserSource(users);
  if (htpasswd !== undefined && users === undefined) return new HtpasswdFile(htpasswd);
  throw new MiddlewareOptionError(
    'Options "users" and "htpasswd" are both given or both missing; expected one of them',
  );
}

/** Source: RFC 7617 section 2; control characters are in no name and no password. */
function parseBasic(credentials: string | null): [user: string, password: string] | null {
  if (credentials === null || !/^[\dA-Za-z+/_-]+={0,2}$/.test(credentials)) return null;
  const login = Buffer.from(credentials, "base64").toString("utf8");
  const colon = login.indexOf(":");
  if (colon < 0 || /[\0-\x1f\x7f]/.test(login)) return null;
  return [login.slice(0, colon), login.slice(colon + 1)];
}
