// The nonce of a response: it names the scripts and styles that the application itself has put into its page. Source: Content Security Policy
// Level 3, sections 2.3.1 (nonce-source) and 7.1 (a fresh one for each response, of 128 random bits).
import { randomBytes } from "node:crypto";
import { TSGIError } from "../../errors.ts";
import { SHARED, type SharedValue, sharedValueOf } from "../../protocols/lane/shared-value.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { MiddlewareOptionError } from "../errors.ts";
import { type PersonalMark, personalMark } from "../writing/personal.ts";

/** Key of the environ with the function that returns the nonce. */
export const CSP_NONCE = "tsgi.csp_nonce";

const BYTES = 16;
const PLACE = "'nonce-{nonce}'";
/**
 * Stands in place of a nonce that nobody has asked for. It matches no script, since nobody knows a text with this hash, and as every hash it keeps
 * `'unsafe-inline'` out of force (section 6.7.3.2); an empty place would put that into force.
 */
const NOTHING = `'sha256-${"A".repeat(43)}='`;

/** A policy in which nonces may have a place. */
export class NoncePolicy {
  readonly #parts: readonly string[];

  /** @throws MiddlewareOptionError when `{nonce}` stands elsewhere than in `'nonce-{nonce}'` */
  constructor(name: string, text: string) {
    this.#parts = text.split(PLACE);
    if (this.#parts.some((part) => part.includes("{nonce}"))) {
      throw new MiddlewareOptionError(`The {nonce} of ${name} stands alone; expected "${PLACE}"`);
    }
  }

  get hasNonce(): boolean {
    return this.#parts.length > 1;
  }

  /** The policy of a response. */
  fill(nonce: string | null): string {
    return this.#parts.join(nonce === null ? NOTHING : `'nonce-${nonce}'`);
  }
}

/** Gives the nonce of one request, also to an application in another language; it is made when somebody asks for it. */
export class CspNonce implements SharedValue {
  readonly kind = "token";
  /** Whether the policy has gone to the client without a nonce, so that it is too late. */
  isTooLate = false;
  readonly #mark: PersonalMark;
  #value: string | null = null;
  #isUsed = false;

  constructor(mark: PersonalMark) {
    this.#mark = mark;
  }

  /** Null when nobody has asked. */
  get used(): string | null {
    return this.#isUsed ? this.#value : null;
  }

  give(): string {
    this.receive();
    return this.#make();
  }

  share(): string {
    return this.#isUsed ? ` ${this.#make()}` : this.#make();
  }

  receive(): void {
    if (this.#isUsed) return;
    if (this.isTooLate) {
      const what = "Ask for the nonce before startResponse is called, because the policy in the headers names it";
      throw new TSGIError("violation", "ERR_TSGI_CSP_NONCE_LATE", what);
    }
    this.#isUsed = true;
    this.#mark.isSet = true; // a cache that gives this page to others would tell them the nonce
  }

  #make(): string {
    return (this.#value ??= randomBytes(BYTES).toString("base64url"));
  }
}

/** Puts a nonce into an environ; one that is there already stays, so that all policies of a response name the same. */
export function putNonce(environ: WSGIEnvironment): CspNonce {
  const known = sharedValueOf(environ[CSP_NONCE]);
  if (known instanceof CspNonce) return known;
  const nonce = new CspNonce(personalMark(environ));
  environ[CSP_NONCE] = Object.assign(() => nonce.give(), { [SHARED]: nonce });
  return nonce;
}

/**
 * Returns the nonce of a response, for `<script nonce="…">` and `<style nonce="…">`. Call it before startResponse.
 *
 * @throws TSGIError when no policy with `'nonce-{nonce}'` is around the application, or when it is too late
 */
export function cspNonce(environ: WSGIEnvironment): string {
  const give = environ[CSP_NONCE];
  if (typeof give === "function") return (give as () => string)(); // put there by putNonce
  const what = "Expected a nonce; put security-headers around the application, with 'nonce-{nonce}' in its policy";
  throw new TSGIError("configuration", "ERR_TSGI_NO_CSP_NONCE", what);
}
