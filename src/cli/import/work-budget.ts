// Some configurations are small and say much: values that use each other, loops in loops.
import { FileUnusableError } from "../errors.ts";
import { MAX_CONFIGURATION_BYTES } from "./read-text.ts";

/** Some times what the largest file has. */
const UNITS = 4 * MAX_CONFIGURATION_BYTES;

/** What it may cost to read a file, in characters that are read or made; each step costs at least one. */
export class WorkBudget {
  readonly #path: string;
  #left = UNITS;

  /** @param path - of the file, for the message */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws FileUnusableError when nothing is left */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0)
      throw new FileUnusableError(
        `Cannot read "${this.#path}": its values, conditions and loops come to too much; expected less than ${UNITS} characters`,
      );
  }
}
