// Errors of the contract. A violation is the application's (or the server's) breach of PEP 3333.
import { TSGIError } from "../errors.ts";

/** The application (or a middleware, or a server) broke a rule of the contract. The request is answered with 500. */
export class ContractViolation extends TSGIError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super("violation", code, message, options);
  }
}
