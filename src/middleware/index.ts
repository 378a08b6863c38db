// tsgi/middleware: every middleware under its name; `tsgi/middleware/<file>` gives one alone, with its factory for INI files.
// What middleware is written with comes first.
export { type Answer, answering, escapeHtml, sendAnswer, statusLine } from "./answer.ts";
export { withClose } from "./body-close.ts";
export { MiddlewareOptionError } from "./errors.ts";
export { addVary, dropHeader, findHeader, setHeader } from "./header-fields.ts";
export {
  bytes,
  type Configuration,
  decimal,
  flag,
  integer,
  lines,
  oneOf,
  type OptionReader,
  type OptionReaders,
  pairs,
  readNoOptions,
  readOptions,
  required,
  text,
  within,
  words,
} from "./options.ts";
export {
  type BodyChange,
  changeHead,
  type HeadChange,
  replaceResponse,
  type ResponseHead,
  type WholeChange,
} from "./replace-response.ts";

export { allowedHosts, type AllowedHostsOptions } from "./allowed-hosts.ts";
export { authBasic, type AuthBasicOptions } from "./auth-basic.ts";
export { authBearer, type AuthBearerOptions, type TokenVerifier } from "./auth-bearer.ts";
export { authDigest, type AuthDigestOptions, type PasswordLookup } from "./auth-digest.ts";
export { bodyLimit, type BodyLimitOptions, BodyTooLarge } from "./body-limit.ts";
export { cascade, type CascadeOptions } from "./cascade.ts";
export { type CookieOptions } from "./cookie.ts";
export { cors, type CorsOptions } from "./cors.ts";
export { csrf, type CsrfOptions, csrfToken } from "./csrf.ts";
export { type Host, parseHost, requestedHost, requestedOrigin } from "./host.ts";
export { ipFilter, type IpFilterOptions } from "./ip-filter.ts";
export { MemorySessionStore } from "./memory-session-store.ts";
export { type PathTypes } from "./path-expression.ts";
export { PROXY_FIX_ORIGINAL, proxyFix, type ProxyFixOptions } from "./proxy-fix.ts";
export { rateLimit, type RateLimitOptions } from "./rate-limit.ts";
export { type RedisClient, RedisSessionStore } from "./redis-session-store.ts";
export { scriptName, type ScriptNameOptions } from "./script-name.ts";
export { securityHeaders, type SecurityHeadersOptions } from "./security-headers.ts";
export { ROUTING_ARGS, type RoutingArgs, selector, type SelectorOptions, type SelectorRoute } from "./selector.ts";
export { sessionCookie, type SessionCookieOptions } from "./session-cookie.ts";
export { type SessionStorage } from "./session-storage.ts";
export { sessionStore, type SessionStoreOptions } from "./session-store.ts";
export { Session, SESSION, SessionSavedError, sessionOf } from "./session.ts";
export { SqliteSessionStore } from "./sqlite-session-store.ts";
export { urlMap, type UrlMapEntry, type UrlMapOptions } from "./url-map.ts";
export { HtpasswdFile, type UserSource, type Users } from "./user-source.ts";
export { SUBDOMAIN, virtualHost, type VirtualHostOptions } from "./virtual-host.ts";
