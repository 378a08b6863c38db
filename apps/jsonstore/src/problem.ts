// The error of a request that the store refuses. Source: RFC 9457.
import { TSGIError } from "tsgi/wsgi";
import { PROBLEMS, type ProblemCode } from "./problems.ts";

/** What an answer says beside the members that all have. */
export interface ProblemDetails {
  readonly detail?: string;
  /** Canonical pointer of the node that it is about. */
  readonly pointer?: string;
  readonly deepest?: string;
  readonly offset?: number;
  readonly line?: number;
  readonly column?: number;
  readonly operation?: number;
}

/** The store refuses a request. */
export class Problem extends TSGIError {
  readonly kind: ProblemCode;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(kind: ProblemCode, details: ProblemDetails = {}, options?: ErrorOptions) {
    const [status, title] = PROBLEMS[kind];
    const fault = status < 500 || status === 501 ? "remote" : "internal";
    super(fault, `ERR_JSONSTORE_${kind.toUpperCase().replaceAll("-", "_")}`, details.detail ?? title, options);
    this.kind = kind;
    this.status = status;
    this.details = details;
  }
}
