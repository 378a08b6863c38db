// Refuses requests that another site made the browser send. Two checks: where the request comes from (Sec-Fetch-Site, Origin, Referer),
// and a token that only one's own pages know. Source: OWASP CSRF Prevention Cheat Sheet; Fetch Metadata Request Headers; @fastify/csrf
// makes and checks the tokens.
import { Tokens } from "@fastify/csrf";
import { TSGIError } from "../errors.ts";
import { FormError } from "../forms/errors.ts";
import { peekField } from "../forms/peek-field.ts";
import { SHARED, type SharedValue } from "../protocols/lane/shared-value.ts";
import type { Middleware, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { configuredBase, isWithin } from "./writing/configured-path.ts";
import { addPersonalCookie, Cookie, COOKIE_READERS, type CookieOptions } from "./sessions/cookie.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary } from "./writing/header-fields.ts";
import { configuredOrigin, requestedOrigin } from "./writing/host.ts";
import { bytes, type Configuration, integer, oneOf, fromSection, text, within, words } from "./writing/options.ts";
import { type PersonalMark, personalMark } from "./writing/personal.ts";
import { changeHead } from "./writing/replace-response.ts";

/** Options of {@link csrf}. */
export interface CsrfOptions extends CookieOptions {
  /** What is checked. @default "both" */
  readonly checks?: "both" | "origin" | "token";
  /** Other origins that may send requests, for example `https://accounts.example`. @default [] */
  readonly trustedOrigins?: readonly string[];
  /** Paths (SCRIPT_NAME and PATH_INFO) that are not checked, including everything below them, for example web hooks. @default [] */
  readonly exemptPaths?: readonly string[];
  /** Cookie with the secret from which tokens are made. @default "csrf" */
  readonly cookieName?: string;
  /** Request header with the token. @default "X-CSRF-Token" */
  readonly headerName?: string;
  /** Field of a form with the token; in a form with files it should come before them. @default "csrf_token" */
  readonly fieldName?: string;
  /** Largest urlencoded form, and the most of a form with files that is read for its token, in bytes. @default 1048576 */
  readonly maxFormBytes?: number;
  /** How long a token is valid, in seconds; 0 means as long as the cookie. @default 0 */
  readonly validitySeconds?: number;
  /** A secret of 32 characters or more. With it, nobody can compute tokens from the cookie alone. @default none */
  readonly secret?: string;
}

/** Key of the environ with the function that gives a token. */
export const CSRF_TOKEN = "tsgi.csrf_token";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
const SECRET = /^[\w-]{24}$/;

/**
 * Answers 403 to requests that change something and come from another site, or without a valid token. The application gets tokens by
 * {@link csrfToken} and puts them into its forms, or into a page for its scripts. In a form with files (multipart) the token comes first, so that
 * no file is read before it.
 *
 * In a pipeline: inside of authentication (the token is bound to REMOTE_USER), around what changes something.
 *
 * @throws MiddlewareOptionError for an origin that is none, or a short secret
 * @example
 * const application = csrf({ trustedOrigins: ["https://accounts.example"] })(inner);
 */
export function csrf(options: CsrfOptions = {}): Middleware {
  const { checks = "both", headerName = "X-CSRF-Token", fieldName = "csrf_token" } = options;
  const exemptPaths = (options.exemptPaths ?? []).map((path) => configuredBase(path, "exemptPaths"));
  const maxFormBytes = within(options.maxFormBytes ?? 1_048_576, "maxFormBytes", 1);
  const trusted = new Set((options.trustedOrigins ?? []).map(checkOrigin));
  const cookie = new Cookie(options.cookieName ?? "csrf", options);
  const tokens = tokensOf(options);
  const headerKey = `HTTP_${headerName.toUpperCase().replaceAll("-", "_")}`;
  const refuseOrigin = answering({ status: 403, text: "This request comes from another site" });
  const refuseToken = answering({
    status: 403,
    text: "This form is too old, or was not made here; load the page again",
  });
  const refuseSize = answering({ status: 413 });

  /** Gives what refuses the request; null when it may pass. */
  async function check(environ: WSGIEnvironment, secret: string | null): Promise<WSGIApplication | null> {
    if (checks !== "token" && !isFromHere(environ, trusted)) return refuseOrigin;
    if (checks === "origin") return null;
    let token = environ[headerKey];
    if (token === undefined) {
      try {
        token = await peekField(environ, fieldName, maxFormBytes);
      } catch (error) {
        if (error instanceof FormError && error.status === 413) return refuseSize;
        throw error;
      }
    }
    if (secret === null || typeof token !== "string") return refuseToken;
    return tokens.verify(secret, token, userOf(environ)) ? null : refuseToken;
  }

  return function csrfMiddleware(application) {
    return function refuseForgeries(environ, startResponse) {
      const sent = cookie.read(environ);
      const secret = sent !== null && SECRET.test(sent) ? sent : null;
      const issuer = new TokenIssuer(tokens, secret, () => userOf(environ), personalMark(environ));
      environ[CSRF_TOKEN] = Object.assign(() => issuer.token(), { [SHARED]: issuer });
      const start = changeHead(startResponse, ({ headers }) => {
        issuer.isAnnounced = true;
        const { newSecret } = issuer;
        if (newSecret !== null) addPersonalCookie(headers, cookie.write(environ, newSecret, null));
        else if (issuer.isUsed) addVary(headers, "Cookie");
      });
      if (SAFE_METHODS.has(environ.REQUEST_METHOD) || isWithin(environ, exemptPaths))
        return application(environ, start);
      return check(environ, secret).then((refusal) => (refusal ?? application)(environ, start));
    };
  };
}

/**
 * Returns a token for a form or a page. Call it before startResponse, because the first token sets a cookie.
 *
 * @throws TSGIError when the middleware is not around the application, or when it is too late
 */
export function csrfToken(environ: WSGIEnvironment): string {
  const give = environ[CSRF_TOKEN];
  if (typeof give === "function") return (give as () => string)(); // put there by csrf()
  throw new TSGIError("configuration", "ERR_TSGI_NO_CSRF", "Expected a token; put csrf around the application");
}

/** The filter `egg:tsgi#csrf`: each option by its name, lists separated by blanks, commas or line ends. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<CsrfOptions>(csrf, localConf, {
    ...COOKIE_READERS,
    checks: oneOf("both", "origin", "token"),
    trustedOrigins: words,
    exemptPaths: words,
    headerName: text,
    fieldName: text,
    maxFormBytes: bytes,
    validitySeconds: integer,
    secret: text,
  });
}

interface TokenMaker {
  secretSync(): string;
  create(secret: string, user: string): string;
  verify(secret: string, token: string, user: string): boolean;
}

function tokensOf({ validitySeconds = 0, secret }: CsrfOptions): TokenMaker {
  if (secret !== undefined && secret.length < 32) {
    throw new MiddlewareOptionError('Option "secret" is easily guessed; expected 32 or more random characters');
  }
  const validity = within(validitySeconds, "validitySeconds", 0) * 1000;
  return new Tokens({ userInfo: true, validity, ...(secret === undefined ? {} : { hmacKey: secret }) });
}

/** Gives the tokens of one request, also to an application in another language. */
class TokenIssuer implements SharedValue {
  readonly kind = "token";
  /** Whether status and headers are gone, so that no cookie can be set any more. */
  isAnnounced = false;
  isUsed = false;
  readonly #tokens: TokenMaker;
  readonly #sentSecret: string | null;
  readonly #user: () => string;
  readonly #mark: PersonalMark;
  /** The secret for a browser that has none; it gets it with the first token. */
  #ownSecret: string | null = null;
  #shared: string | null = null;

  constructor(tokens: TokenMaker, sentSecret: string | null, user: () => string, mark: PersonalMark) {
    this.#tokens = tokens;
    this.#sentSecret = sentSecret;
    this.#user = user;
    this.#mark = mark;
  }

  /** The secret that the browser has to get; null when it has one, or needs none. */
  get newSecret(): string | null {
    return this.isUsed ? this.#ownSecret : null;
  }

  token(): string {
    this.#use();
    return this.#create();
  }

  /** A token, for a guest to give out; behind a blank when the browser has the secret already, so that it is never too late. */
  share(): string {
    this.#shared ??= this.#create();
    return this.#ownSecret === null || this.isUsed ? ` ${this.#shared}` : this.#shared;
  }

  receive(): void {
    this.#use();
  }

  #use(): void {
    this.#mark.isSet = true;
    if (this.isUsed) return;
    if (this.isAnnounced && this.#sentSecret === null) {
      const what = "Ask for the first token before startResponse is called, because it sets a cookie";
      throw new TSGIError("violation", "ERR_TSGI_CSRF_LATE", what);
    }
    this.isUsed = true;
  }

  #create(): string {
    const secret = this.#sentSecret ?? (this.#ownSecret ??= this.#tokens.secretSync());
    return this.#tokens.create(secret, this.#user());
  }
}

/** Never empty, because the tokens want to be bound to something. */
function userOf(environ: WSGIEnvironment): string {
  const user = environ["REMOTE_USER"];
  return `user:${typeof user === "string" ? user : ""}`;
}

/** Whether a request comes from one's own pages, or from no page at all: then no browser has been misled. */
function isFromHere(environ: WSGIEnvironment, trusted: ReadonlySet<string>): boolean {
  const site = environ["HTTP_SEC_FETCH_SITE"];
  if (site === "same-origin" || site === "none") return true;
  const origin = environ["HTTP_ORIGIN"] ?? originOfReferer(environ["HTTP_REFERER"]);
  if (typeof origin !== "string") return site === undefined;
  return trusted.has(origin.toLowerCase()) || (site === undefined && origin.toLowerCase() === requestedOrigin(environ));
}

function originOfReferer(referer: unknown): string | undefined {
  if (typeof referer !== "string") return undefined;
  return URL.canParse(referer) ? new URL(referer).origin : "null";
}

function checkOrigin(entry: string): string {
  if (/^https?:\/\/[^\s/*?#@]+$/i.test(entry)) return configuredOrigin(entry);
  throw new MiddlewareOptionError(`Option "trustedOrigins" has the entry "${entry}"; expected "https://host"`);
}
