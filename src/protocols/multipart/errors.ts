// What a multipart body can have wrong.
import { TSGIError } from "../../errors.ts";

/** A multipart body is malformed, or a part's headers are beyond a limit; the message says what and where. */
export class MultipartError extends TSGIError {
  /** Whether it is well-formed as far as it was read, but beyond a limit. */
  readonly isLimit: boolean;

  constructor(message: string, isLimit = false) {
    super("remote", "ERR_TSGI_MULTIPART", message);
    this.isLimit = isLimit;
  }
}
