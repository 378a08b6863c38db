// Errors of CGI programs.
import { TSGIError } from "../../errors.ts";

/** A program gives no answer that may be passed on, cannot be run, or takes too long. */
export class ProgramError extends TSGIError {
  /** What the client gets while nothing has been sent. */
  readonly status: 431 | 500 | 502 | 503 | 504;

  constructor(status: ProgramError["status"], message: string) {
    super("violation", "ERR_TSGI_CGI_PROGRAM", message);
    this.status = status;
  }
}
