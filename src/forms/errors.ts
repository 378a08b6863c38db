// What is wrong with a form. It is the client's fault: the gateway answers the error's status unless the application catches it.
import { TSGIError } from "../errors.ts";

/** Stable codes of {@link FormError}. */
export type FormErrorCode =
  | "ERR_TSGI_FORM_TYPE"
  | "ERR_TSGI_FORM_SYNTAX"
  | "ERR_TSGI_FORM_TEXT"
  | "ERR_TSGI_FORM_LIMIT";

/** The status that each code stands for. Source: RFC 9110 sections 15.5.1, 15.5.14 and 15.5.16. */
const STATUS = {
  ERR_TSGI_FORM_TYPE: 415,
  ERR_TSGI_FORM_SYNTAX: 400,
  ERR_TSGI_FORM_TEXT: 400,
  ERR_TSGI_FORM_LIMIT: 413,
} as const satisfies Record<FormErrorCode, number>;

/** A form that cannot be read: malformed, too large, not UTF-8, or no form. The message says what and where. */
export class FormError extends TSGIError {
  /** What the client gets unless somebody catches the error. */
  readonly status: 400 | 413 | 415;

  constructor(code: FormErrorCode, message: string, options?: ErrorOptions) {
    super("remote", code, message, options);
    this.status = STATUS[code];
  }
}
