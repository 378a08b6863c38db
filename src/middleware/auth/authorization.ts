// Reads the Authorization field and writes challenges. Source: RFC 9110 section 11 (credentials, challenges, auth-param).
import type { StartResponse, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { sendAnswer } from "../writing/answer.ts";
import { MiddlewareOptionError } from "../errors.ts";

const SCHEME = /^[!#$%&'*+.^_`|~\w-]+$/;
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))[ \t]*(?:,[ \t,]*|$)/y;

/**
 * Gives what follows the scheme.
 *
 * @param scheme - in lower case
 * @returns null when there is no such field, or one of another scheme
 */
export function credentialsOf(environ: WSGIEnvironment, scheme: string): string | null {
  const field = environ["HTTP_AUTHORIZATION"];
  const space = typeof field === "string" ? field.indexOf(" ") : -1;
  if (typeof field !== "string" || space === -1) return null;
  const name = field.slice(0, space);
  const rest = withoutSpaces(field, space);
  return SCHEME.test(name) && name.toLowerCase() === scheme && rest !== "" ? rest : null;
}

/** Two scans, since a pattern that trims goes over the same spaces again and again. */
function withoutSpaces(text: string, start: number): string {
  let [first, last] = [start, text.length];
  while (first < last && text[first] === " ") first += 1;
  while (last > first && text[last - 1] === " ") last -= 1;
  return text.slice(first, last);
}

/**
 * Reads parameters such as `realm="x", nonce=y`; names become lower case.
 *
 * @returns null when the text is none, or names one of them twice
 */
export function parseAuthParameters(text: string): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  let end = 0;
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    const [, name = "", quoted, plain = ""] = match;
    if (parameters.has(name.toLowerCase())) return null;
    parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1"));
    end = PARAMETER.lastIndex;
    if (end === text.length) break;
  }
  return end === text.length && parameters.size > 0 ? parameters : null;
}

/** Writes a parameter whose value is quoted. */
export function quotedParameter(name: string, value: string): string {
  return `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** @throws MiddlewareOptionError when a realm could not be written into a header */
export function checkRealm(realm: string): string {
  if (/^[\x20-\x7e]+$/.test(realm)) return realm;
  throw new MiddlewareOptionError(`Option "realm" is ${JSON.stringify(realm)}; expected printable ASCII`);
}

/** Answers 401 with challenges; what may not be cached says so. */
export function sendChallenge(
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  challenges: readonly string[],
  status = 401,
): WSGIBody {
  const headers = challenges.map((challenge): [string, string] => ["WWW-Authenticate", challenge]);
  return sendAnswer(environ, startResponse, { status, headers: [...headers, ["Cache-Control", "no-store"]] });
}
