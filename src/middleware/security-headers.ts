// Adds the response headers that tell browsers to be careful. Source: OWASP Secure Headers Project; RFC 6797 (HSTS); the Content
// Security Policy and Fetch specifications.
import { checkHeaderValue } from "../wsgi/head-rules.ts";
import type { HeaderList, Middleware } from "../wsgi/types.ts";
import { type CspNonce, NoncePolicy, putNonce } from "./security-headers/csp-nonce.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { type Configuration, type OptionReader, fromSection } from "./writing/options.ts";
import { refuseSharedCaches } from "./writing/personal.ts";
import { changeHead, type ResponseHead } from "./writing/replace-response.ts";

/**
 * Options of {@link securityHeaders}: the value of each header, null to leave it out. What the application sets itself wins. In the two
 * policies `'nonce-{nonce}'` stands for the nonce of the response, see {@link cspNonce}.
 */
export interface SecurityHeadersOptions {
  /** @default "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'", which restricts no scripts or styles */
  readonly contentSecurityPolicy?: string | null;
  /** @default null */
  readonly contentSecurityPolicyReportOnly?: string | null;
  /** Sent over https only. @default "max-age=31536000; includeSubDomains" */
  readonly strictTransportSecurity?: string | null;
  /** @default "nosniff" */
  readonly xContentTypeOptions?: string | null;
  /** @default "SAMEORIGIN" */
  readonly xFrameOptions?: string | null;
  /** @default "strict-origin-when-cross-origin" */
  readonly referrerPolicy?: string | null;
  /** @default "same-origin" */
  readonly crossOriginOpenerPolicy?: string | null;
  /** @default "same-origin" */
  readonly crossOriginResourcePolicy?: string | null;
  /** @default null */
  readonly crossOriginEmbedderPolicy?: string | null;
  /** @default null */
  readonly permissionsPolicy?: string | null;
  /** @default "none" */
  readonly xPermittedCrossDomainPolicies?: string | null;
}

type HeaderOption = keyof SecurityHeadersOptions;

const HEADERS: Readonly<Record<HeaderOption, readonly [name: string, value: string | null]>> = {
  contentSecurityPolicy: [
    "Content-Security-Policy",
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
  ],
  contentSecurityPolicyReportOnly: ["Content-Security-Policy-Report-Only", null],
  strictTransportSecurity: ["Strict-Transport-Security", "max-age=31536000; includeSubDomains"],
  xContentTypeOptions: ["X-Content-Type-Options", "nosniff"],
  xFrameOptions: ["X-Frame-Options", "SAMEORIGIN"],
  referrerPolicy: ["Referrer-Policy", "strict-origin-when-cross-origin"],
  crossOriginOpenerPolicy: ["Cross-Origin-Opener-Policy", "same-origin"],
  crossOriginResourcePolicy: ["Cross-Origin-Resource-Policy", "same-origin"],
  crossOriginEmbedderPolicy: ["Cross-Origin-Embedder-Policy", null],
  permissionsPolicy: ["Permissions-Policy", null],
  xPermittedCrossDomainPolicies: ["X-Permitted-Cross-Domain-Policies", "none"],
};

interface AddedHeader {
  readonly name: string;
  readonly lowerName: string;
  readonly value: string;
  readonly isSecureOnly: boolean;
  /** The value, where it has a place for a nonce. */
  readonly nonces: NoncePolicy | null;
}

/**
 * Adds headers to every response.
 *
 * In a pipeline: outermost, so that error pages have them too.
 *
 * @throws MiddlewareOptionError when a value may not stand in a header
 * @example
 * const application = securityHeaders({ contentSecurityPolicy: "default-src 'self'", xFrameOptions: "DENY" })(inner);
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Middleware {
  const added: AddedHeader[] = [];
  for (const [option, [name, usual]] of Object.entries(HEADERS) as [HeaderOption, (typeof HEADERS)[HeaderOption]][]) {
    const value = options[option] === undefined ? usual : options[option];
    if (value === null) continue;
    checkValue(name, value);
    const isSecureOnly = option === "strictTransportSecurity"; // RFC 6797 §7.2
    const policy = option.startsWith("contentSecurityPolicy") ? new NoncePolicy(name, value) : null;
    const nonces = policy?.hasNonce === true ? policy : null;
    added.push({ name, lowerName: name.toLowerCase(), value, isSecureOnly, nonces });
  }
  const hasNonces = added.some(({ nonces }) => nonces !== null);

  function add({ status, headers }: ResponseHead, isSecure: boolean, nonce: CspNonce | null): void {
    const count = headers.length; // what the application has set; no need to look at what was added here
    for (const { name, lowerName, value, isSecureOnly, nonces } of added) {
      if ((isSecureOnly && !isSecure) || hasName(headers, count, lowerName)) continue;
      if (nonces === null || nonce === null) headers.push([name, value]);
      // The page that a 304 speaks of has nonces of its own, and the browser takes over the fields of a 304 (RFC 9111 §3.2).
      else if (!status.startsWith("304")) headers.push([name, nonces.fill(nonce.used)]);
    }
    if (nonce === null) return;
    nonce.isTooLate = true;
    if (nonce.used !== null) refuseSharedCaches(headers);
  }

  return function securityHeadersMiddleware(application) {
    return function addSecurityHeaders(environ, startResponse) {
      const isSecure = environ["wsgi.url_scheme"] === "https";
      const nonce = hasNonces ? putNonce(environ) : null;
      return application(
        environ,
        changeHead(startResponse, (head) => add(head, isSecure, nonce)),
      );
    };
  };
}

/** The filter `egg:tsgi#security-headers`: each header by its option, for example `x_frame_options = DENY`; `off` leaves one out. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  const readers = Object.fromEntries(Object.keys(HEADERS).map((option) => [option, headerValue]));
  return fromSection<SecurityHeadersOptions>(securityHeaders, localConf, readers);
}

/** Whether one of the first headers has a name; lengths are compared first, since this runs for each header of each response. */
function hasName(headers: HeaderList, count: number, lowerName: string): boolean {
  for (let index = 0; index < count; index++) {
    const name = headers[index]?.[0] ?? "";
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return true;
  }
  return false;
}

/** Long policies may go over several lines. */
const headerValue: OptionReader<string> = (value) => {
  const line = value.replaceAll(/\s*\n\s*/g, " ").trim();
  return (line === "" || line.toLowerCase() === "off" ? null : line) as string; // null is one of the values of these options
};

function checkValue(name: string, value: string): void {
  try {
    checkHeaderValue(value);
  } catch (cause) {
    const what = `Value ${JSON.stringify(value)} of ${name} cannot be sent; expected a value of one line in latin-1`;
    throw new MiddlewareOptionError(what, { cause });
  }
}
