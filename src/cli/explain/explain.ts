// What `tsgi explain` prints.
import { didYouMean } from "../../nearest-name.ts";
import { UsageError } from "../errors.ts";
import { exitCodeMeanings } from "../exit-codes.ts";
import { errorSections } from "./error-sections.ts";

/**
 * Explains an error.
 *
 * @param asked - its code, in any case and with or without `ERR_TSGI_`, or an exit code of the command
 * @returns lines, each with its end
 * @throws UsageError for a code that no error has
 */
export function explain(asked: string): string {
  const exit = exitCodeMeanings().find(([code]) => String(code) === asked);
  if (exit !== undefined) return `Exit code ${asked}: ${exit[1]}\n`;
  const sections = errorSections();
  const written = asked.toUpperCase();
  for (const code of [written, `ERR_TSGI_${written}`, `ERR_${written}`]) {
    const text = sections.get(code);
    if (text !== undefined) return `${code}\n\n${text}\n`;
  }
  throw new UsageError(`No error has the code "${asked}"${didYouMean(written, [...sections.keys()])}`);
}
