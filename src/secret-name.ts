// Tells by its name what holds a secret, for whatever shows values to people: pages for errors, copies of requests, explanations of a
// configuration and errors in it. Source: the lists of Django's SafeExceptionReporterFilter and of log scrubbers; RFC 3986 section 3.2.1 for passwords in URLs.

/** What stands in place of a secret. */
export const HIDDEN = "(hidden)";

/** Say it anywhere in a name: `HTTP_X_CSRF_TOKEN`, `sessionid`, `db-password`. */
const TELLING_PARTS =
  /passw|passphrase|pwd|secret|token|cookie|session|csrf|xsrf|credential|signature|authori[sz]ation|api_?-?key|jwt|bearer|private/i;

/** Say it as a word of their own: `X-Auth`, `access_key`, `?sig=`. */
const TELLING_WORDS = /(?:^|[^A-Za-z])(?:auth|key|sig|otp|pin)(?![A-Za-z])/i;

/** Hold the shell's directories; and names with passwords, in the options of auth-basic and auth-digest. */
const EXCEPTIONS = new Map([
  ["PWD", false],
  ["OLDPWD", false],
  ["users", true],
]);

/** What is long enough to be a secret, and no number: `true` and `3600` are hidden under their own name only. */
const TELLING_VALUE = /^(?=.*\D).{6,}$/s;

/** Tells whether a header, variable, parameter or setting of this name probably holds a secret. */
export function isSecretName(name: string): boolean {
  return EXCEPTIONS.get(name) ?? (TELLING_PARTS.test(name) || TELLING_WORDS.test(name));
}

/** Gives the value of a header, variable, parameter or setting as people may see it. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) ? HIDDEN : withoutSecrets(value);
}

/** Gives a line that may be meant as `name = value`, as people may see it. */
export function shownLine(line: string): string {
  const [, start = "", name = ""] = /^(\s*([^\s=:]+)[\s=:]+)\S/.exec(line) ?? [];
  return isSecretName(name) ? start + HIDDEN : withoutSecrets(line);
}

/**
 * Gives a function that takes the secrets of a configuration out of a text that may quote them anywhere.
 *
 * @param named - values with their names; the variables of the process count too
 */
export function secretHider(named: Iterable<readonly [name: string, value: string]>): (text: string) => string {
  const values = [...named, ...Object.entries(process.env)].flatMap(([name, value = ""]) =>
    isSecretName(name) && TELLING_VALUE.test(value) ? [value] : [],
  );
  const secrets = [...new Set(values)].toSorted((one, other) => other.length - one.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), withoutSecrets(text));
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
