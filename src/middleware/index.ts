// tsgi/middleware: every middleware under its name; `tsgi/middleware/<file>` gives one alone, with its factory for INI files.
// What middleware is written with comes first.
export { type Answer, answering, escapeHtml, sendAnswer, statusLine } from "./writing/answer.ts";
export { withClose } from "./writing/body-close.ts";
export { MiddlewareOptionError } from "./errors.ts";
export { addVary, dropHeader, findHeader, setHeader } from "./writing/header-fields.ts";
export {
  bytes,
  type Configuration,
  decimal,
  fileIn,
  flag,
  integer,
  lines,
  oneOf,
  type OptionReader,
  type OptionReaders,
  pairs,
  readNoOptions,
  fromSection,
  readOptions,
  required,
  text,
  within,
  words,
} from "./writing/options.ts";
export { isPersonal, PERSONAL, PersonalMark, personalMark } from "./writing/personal.ts";
export {
  type BodyChange,
  changeHead,
  type HeadChange,
  replaceResponse,
  type ResponseHead,
  type WholeChange,
} from "./writing/replace-response.ts";

export { accessLog, type AccessLogOptions } from "./access-log.ts";
export { allowedHosts, type AllowedHostsOptions } from "./allowed-hosts.ts";
export { authBasic, type AuthBasicOptions } from "./auth-basic.ts";
export { authBearer, type AuthBearerOptions, type TokenVerifier } from "./auth-bearer.ts";
export { authDigest, type AuthDigestOptions, type PasswordLookup } from "./auth-digest.ts";
export { bodyLimit, type BodyLimitOptions, BodyTooLarge } from "./body-limit.ts";
export { canonicalRedirect, type CanonicalRedirectOptions } from "./canonical-redirect.ts";
export { cascade, type CascadeOptions } from "./cascade.ts";
export { compress, type CompressOptions } from "./compress.ts";
export { conditionalGet } from "./conditional-get.ts";
export { contentLength } from "./content-length.ts";
export { type CookieOptions } from "./sessions/cookie.ts";
export { cors, type CorsOptions } from "./cors.ts";
export { CSP_NONCE, cspNonce } from "./security-headers/csp-nonce.ts";
export { csrf, type CsrfOptions, csrfToken } from "./csrf.ts";
export { decompress, type DecompressOptions } from "./decompress.ts";
export { earlyHints, type EarlyHintsOptions } from "./early-hints.ts";
export { type ErrorDocument, errorDocuments, type ErrorDocumentsOptions } from "./error-documents.ts";
export { etag, type EtagOptions } from "./etag.ts";
export { head } from "./head.ts";
export { type Host, parseHost } from "../http/host.ts";
export { requestedHost, requestedOrigin } from "./writing/host.ts";
export { ipFilter, type IpFilterOptions } from "./ip-filter.ts";
export { maintenance, type MaintenanceOptions } from "./maintenance.ts";
export { MemorySessionStore } from "./sessions/memory-session-store.ts";
export { methodOverride, type MethodOverrideOptions } from "./method-override.ts";
export { currentConfig, pasteConfig, type PasteConfigOptions } from "./paste-config.ts";
export { pastePrefix, type PastePrefixOptions } from "./paste-prefix.ts";
export { type PathTypes } from "./selector/path-expression.ts";
export { profiler, type ProfilerOptions } from "./profiler.ts";
export { PROXY_FIX_ORIGINAL, proxyFix, type ProxyFixOptions } from "./proxy-fix.ts";
export { rateLimit, type RateLimitOptions } from "./rate-limit.ts";
export { type RedisClient, RedisSessionStore } from "./sessions/redis-session-store.ts";
export { requestId, type RequestIdOptions } from "./request-id.ts";
export { responseCache, type ResponseCacheOptions } from "./response-cache.ts";
export { runtime, type RuntimeOptions } from "./runtime.ts";
export { scriptName, type ScriptNameOptions } from "./script-name.ts";
export { securityHeaders, type SecurityHeadersOptions } from "./security-headers.ts";
export {
  ROUTING_ARGS,
  type RoutingArgs,
  routingArgs,
  selector,
  type SelectorOptions,
  type SelectorRoute,
} from "./selector.ts";
export { sendfile, type SendfileOptions } from "./sendfile.ts";
export { sessionCookie, type SessionCookieOptions } from "./session-cookie.ts";
export { type SessionLifeOptions } from "./sessions/session-life.ts";
export { type KeptText, type SessionStorage } from "./sessions/session-storage.ts";
export { sessionStore, type SessionStoreOptions } from "./session-store.ts";
export { type SavedSession, Session, SESSION, SessionSavedError, sessionOf } from "./sessions/session.ts";
export { showExceptions, type ShowExceptionsOptions } from "./show-exceptions.ts";
export { SqliteSessionStore } from "./sessions/sqlite-session-store.ts";
export { staticApp, staticFiles, type StaticOptions } from "./static.ts";
export { type CopiedBody, type CopiedExchange, tee, type TeeOptions } from "./tee.ts";
export { ResponseTimeout, timeout, type TimeoutOptions } from "./timeout.ts";
export { type TraceContext, traceparent, type TraceparentOptions } from "./traceparent.ts";
export { urlMap, type UrlMapEntry, type UrlMapOptions } from "./url-map.ts";
export { HtpasswdFile, type UserSource, type Users } from "./auth/user-source.ts";
export { validatorFilter } from "./validator-filter.ts";
export { SUBDOMAIN, virtualHost, type VirtualHostOptions } from "./virtual-host.ts";
