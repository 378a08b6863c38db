// Tells by its name what holds a secret, for whatever shows values to people: pages for errors, copies of requests, explanations of a
// configuration. Source: the lists of Django's SafeExceptionReporterFilter and of log scrubbers; RFC 3986 section 3.2.1 for passwords in URLs.

/** What stands in place of a secret. */
export const HIDDEN = "(hidden)";

/** Say it anywhere in a name: `HTTP_X_CSRF_TOKEN`, `sessionid`, `db-password`. */
const TELLING_PARTS =
  /passw|passphrase|pwd|secret|token|cookie|session|csrf|xsrf|credential|signature|authori[sz]ation|api_?-?key|jwt|bearer|private/i;

/** Say it as a word of their own: `X-Auth`, `access_key`, `?sig=`. */
const TELLING_WORDS = /(?:^|[^A-Za-z])(?:auth|key|sig|otp|pin)(?![A-Za-z])/i;

/** Tells whether a header, variable, parameter or setting of this name probably holds a secret. */
export function isSecretName(name: string): boolean {
  return TELLING_PARTS.test(name) || TELLING_WORDS.test(name);
}

/**
 * Gives a text without the secrets that it names itself: parameters such as `token=…`, and passwords of URLs.
 *
 * @param text - a target, a query, a URL, or any other text
 */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(?<![\w.%[\]-])([\w.%[\]-]+)=([^&;#\s"']+)/g, (parameter, name: string) =>
      isSecretName(name) ? `${name}=${HIDDEN}` : parameter,
    )
    .replaceAll(/(\/\/[^/?#@:\s]*:)[^/?#@\s]+@/g, `$1${HIDDEN}@`);
}
