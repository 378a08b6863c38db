// How large a form may be. Every form has every limit; a caller can raise them. Source: the limits of Werkzeug, Django,
// Starlette and hapi, most of which came after an attack.
import { FormError } from "./errors.ts";

/** How large a form may be; beyond a limit the answer is 413. */
export interface FormLimits {
  /** Bytes of the whole body. @default 16_777_216 */
  readonly bodyBytes: number;
  /** Bytes of all text fields together, their names included. @default 500_000 */
  readonly textBytes: number;
  /** Number of text fields. @default 1000 */
  readonly fields: number;
  /** Number of files. @default 100 */
  readonly files: number;
  /** Number of parts of a multipart body: fields and files. @default 1000 */
  readonly parts: number;
  /** Bytes of the headers of one part. @default 8192 */
  readonly headerBytes: number;
  /** Number of headers of one part. @default 16 */
  readonly headerLines: number;
  /** Bytes of files that are kept in memory; what is more goes to a temporary file. @default 262_144 */
  readonly memoryBytes: number;
}

/** The default limits of forms. */
export const FORM_LIMITS: FormLimits = Object.freeze({
  bodyBytes: 16_777_216,
  textBytes: 500_000,
  fields: 1000,
  files: 100,
  parts: 1000,
  headerBytes: 8192,
  headerLines: 16,
  memoryBytes: 262_144,
});

/**
 * Completes limits by the defaults.
 *
 * @param limits - those that differ
 */
export function limitsOf(limits: Partial<FormLimits>): FormLimits {
  const all = { ...FORM_LIMITS };
  for (const name of Object.keys(FORM_LIMITS) as (keyof FormLimits)[]) {
    const limit = limits[name];
    if (limit !== undefined) all[name] = limit;
  }
  return all;
}

/** No more bytes than these can be a form within the limits: three for each of the text, and `=` and `&` for each field. */
export function mostUrlencodedBytes({ textBytes, fields }: FormLimits): number {
  return 3 * textBytes + 2 * fields;
}

/** The error of a form that is too large. */
export function beyond(limit: string): FormError {
  return new FormError("ERR_TSGI_FORM_LIMIT", `Expected a form of at most ${limit}`);
}

/** Counts fields and the bytes of their text. */
export class TextMeter {
  readonly #limits: FormLimits;
  #fields = 0;
  #bytes = 0;

  constructor(limits: FormLimits) {
    this.#limits = limits;
  }

  /** @throws FormError 413 for one field too many */
  countField(): void {
    this.#fields += 1;
    if (this.#fields > this.#limits.fields) throw beyond(`${this.#limits.fields} fields`);
  }

  /** @throws FormError 413 for one byte too many */
  countText(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.textBytes) throw beyond(`${this.#limits.textBytes} bytes of text`);
  }
}
